import type { ByteString, DeviceNumber, NodeKind } from "@bootlayer/rootfs-tree";
import { directoryIndexEntrySize, encodeDirectoryIndexEntry, type DirectoryIndexEntry } from "./directory.ts";
import { chunkOffsetOf, chunkStartOf, type MetadataReference } from "./metadata-chunk.ts";
import type { PlacedContent } from "./placed-content.ts";

/**
 * Inodes (squashfs_fs.h, `struct squashfs_*_inode`). Each kind has a basic form, and an extended one with wider fields and
 * a set of extended attributes; the smallest that holds a node is used. Every number is little-endian.
 */

/** Types of basic inodes, also in directories. */
export const inodeTypes: Readonly<Record<NodeKind, number>> = {
  directory: 1,
  file: 2,
  symlink: 3,
  "block-device": 4,
  "character-device": 5,
  fifo: 6,
  socket: 7,
};

/** What the type of a basic inode lacks to the extended one's. */
const extendedOffset = 7;

/** A set's number where there is none; a fragment's index likewise. */
const none = 0xffff_ffff;

const headerSize = 16;

export interface InodeHeader {
  readonly kind: NodeKind;
  /** Permission bits, without the type. */
  readonly mode: number;
  /** Indexes into the id table. */
  readonly uidIndex: number;
  readonly gidIndex: number;
  /** Seconds since 1970, unsigned. */
  readonly mtime: number;
  /** 1 to the count of inodes. */
  readonly number: number;
  readonly links: number;
  /** Index into the table of attributes' sets. */
  readonly xattrSet: number | undefined;
}

/** An empty record with its header filled in. */
function startInode(header: InodeHeader, isExtended: boolean, bodySize: number): Buffer {
  const inode = Buffer.alloc(headerSize + bodySize);
  inode.writeUInt16LE(inodeTypes[header.kind] + (isExtended ? extendedOffset : 0), 0);
  inode.writeUInt16LE(header.mode, 2);
  inode.writeUInt16LE(header.uidIndex, 4);
  inode.writeUInt16LE(header.gidIndex, 6);
  inode.writeUInt32LE(header.mtime, 8);
  inode.writeUInt32LE(header.number, 12);
  return inode;
}

export interface DirectoryBody {
  /** Bytes of the listing: 0 to `maxListingSize`. */
  readonly listingSize: number;
  readonly listing: MetadataReference;
  /** Number of the directory that holds this one; of the root's: one more than the last inode's. */
  readonly parent: number;
  readonly index: readonly DirectoryIndexEntry[];
}

/** What a directory's size counts besides its listing: the kernel's places for `.` and `..`. */
const dotsSize = 3;

export const maxListingSize: number = 2 ** 32 - 1 - dotsSize;

export function encodeDirectoryInode(header: InodeHeader, body: DirectoryBody): Buffer {
  const size = body.listingSize + dotsSize;
  const chunkStart = chunkStartOf(body.listing);
  const offset = chunkOffsetOf(body.listing);
  if (header.xattrSet === undefined && body.index.length === 0 && size < 2 ** 16) {
    const inode = startInode(header, false, 16);
    inode.writeUInt32LE(chunkStart, 16);
    inode.writeUInt32LE(header.links, 20);
    inode.writeUInt16LE(size, 24);
    inode.writeUInt16LE(offset, 26);
    inode.writeUInt32LE(body.parent, 28);
    return inode;
  }
  const indexSize = body.index.reduce((sum, entry) => sum + directoryIndexEntrySize(entry), 0);
  const inode = startInode(header, true, 24 + indexSize);
  inode.writeUInt32LE(header.links, 16);
  inode.writeUInt32LE(size, 20);
  inode.writeUInt32LE(chunkStart, 24);
  inode.writeUInt32LE(body.parent, 28);
  inode.writeUInt16LE(body.index.length, 32);
  inode.writeUInt16LE(offset, 34);
  inode.writeUInt32LE(header.xattrSet ?? none, 36);
  let at = 40;
  for (const entry of body.index) at += encodeDirectoryIndexEntry(inode, at, entry);
  return inode;
}

/** The part of a file's inode before its block words. `content` is absent for an empty file. */
export function encodeFileInode(header: InodeHeader, content: PlacedContent | undefined): Buffer {
  const { size = 0, start = 0, sparseBytes = 0, fragment } = content ?? {};
  const isBasic =
    header.xattrSet === undefined &&
    header.links === 1 &&
    sparseBytes === 0 &&
    size < 2 ** 32 &&
    start < 2 ** 32;
  if (isBasic) {
    const inode = startInode(header, false, 16);
    inode.writeUInt32LE(start, 16);
    inode.writeUInt32LE(fragment?.index ?? none, 20);
    inode.writeUInt32LE(fragment?.offset ?? 0, 24);
    inode.writeUInt32LE(size, 28);
    return inode;
  }
  const inode = startInode(header, true, 40);
  inode.writeBigUInt64LE(BigInt(start), 16);
  inode.writeBigUInt64LE(BigInt(size), 24);
  // The kernel takes it from the size to count blocks in use, and must not end below one.
  inode.writeBigUInt64LE(BigInt(Math.min(sparseBytes, Math.max(size - 1, 0))), 32);
  inode.writeUInt32LE(header.links, 40);
  inode.writeUInt32LE(fragment?.index ?? none, 44);
  inode.writeUInt32LE(fragment?.offset ?? 0, 48);
  inode.writeUInt32LE(header.xattrSet ?? none, 52);
  return inode;
}

/** Block words as they follow a file's inode. */
export function encodeBlockWords(words: Uint32Array): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
}

export function encodeSymlinkInode(header: InodeHeader, target: ByteString): Buffer {
  const isExtended = header.xattrSet !== undefined;
  const inode = startInode(header, isExtended, 8 + target.length + (isExtended ? 4 : 0));
  inode.writeUInt32LE(header.links, 16);
  inode.writeUInt32LE(target.length, 20);
  inode.write(target, 24, "latin1");
  if (header.xattrSet !== undefined) inode.writeUInt32LE(header.xattrSet, 24 + target.length);
  return inode;
}

export function encodeDeviceInode(header: InodeHeader, device: DeviceNumber): Buffer {
  const isExtended = header.xattrSet !== undefined;
  const inode = startInode(header, isExtended, isExtended ? 12 : 8);
  inode.writeUInt32LE(header.links, 16);
  inode.writeUInt32LE(encodeDevice(device), 20);
  if (header.xattrSet !== undefined) inode.writeUInt32LE(header.xattrSet, 24);
  return inode;
}

/** As Linux's new_encode_dev: 12 bits of major between the low 8 and the high 12 of minor. */
export function encodeDevice({ major, minor }: DeviceNumber): number {
  return ((minor & 0xff) | (major << 8) | ((minor >>> 8) << 20)) >>> 0;
}

/** A fifo's or a socket's. */
export function encodeIpcInode(header: InodeHeader): Buffer {
  const isExtended = header.xattrSet !== undefined;
  const inode = startInode(header, isExtended, isExtended ? 8 : 4);
  inode.writeUInt32LE(header.links, 16);
  if (header.xattrSet !== undefined) inode.writeUInt32LE(header.xattrSet, 20);
  return inode;
}
