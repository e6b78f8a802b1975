import type { ByteString, NodeKind } from "@bootlayer/rootfs-tree";
import { crc32c } from "../crc32c.ts";

/** Directory entries and the index of hashed directories (ext4 documentation, "Directory Entries"). */

const fileTypes: Readonly<Record<NodeKind, number>> = {
  file: 1,
  directory: 2,
  "character-device": 3,
  "block-device": 4,
  fifo: 5,
  socket: 6,
  symlink: 7,
};

export interface Dirent {
  readonly inode: number;
  readonly name: ByteString;
  readonly kind: NodeKind;
}

/** What one directory holds, `.` and `..` apart. */
export interface DirectoryContent {
  readonly inode: number;
  readonly parent: number;
  /** In byte order of the names. */
  readonly entries: readonly Dirent[];
}

/** The last bytes of a leaf: an entry of its own kind with the checksum. */
export const direntTailSize = 12;

/** Bytes of an entry whose name has so many. */
export function direntSize(nameLength: number): number {
  return (8 + nameLength + 3) & ~3;
}

/** `length` is rec_len: up to the next entry, or to the end for the last. */
function encodeDirent(block: Buffer, at: number, length: number, dirent: Dirent): void {
  block.writeUInt32LE(dirent.inode, at);
  block.writeUInt16LE(length, at + 4);
  block[at + 6] = dirent.name.length;
  block[at + 7] = fileTypes[dirent.kind];
  block.write(dirent.name, at + 8, "latin1");
}

/** The two entries that every directory begins with. */
export function dotEntries(inode: number, parent: number): readonly [Dirent, Dirent] {
  return [
    { inode, name: "." as ByteString, kind: "directory" },
    { inode: parent, name: ".." as ByteString, kind: "directory" },
  ];
}

/** A leaf at `start`: entries one after another, the last one's length up to the tail, and the tail. */
export function encodeLeaf(
  bytes: Buffer,
  start: number,
  blockSize: number,
  entries: readonly Dirent[],
  seed: number,
): void {
  const end = start + blockSize - direntTailSize;
  let at = start;
  for (const [index, entry] of entries.entries()) {
    const length = index === entries.length - 1 ? end - at : direntSize(entry.name.length);
    encodeDirent(bytes, at, length, entry);
    at += length;
  }
  sealLeaf(bytes, start, blockSize, seed);
}

/** Writes the tail of the leaf at `start`, with the checksum over all before it. */
function sealLeaf(block: Buffer, start: number, blockSize: number, seed: number): void {
  const tail = start + blockSize - direntTailSize;
  block.writeUInt32LE(0, tail);
  block.writeUInt16LE(direntTailSize, tail + 4);
  block.writeUInt16LE(0xde00, tail + 6);
  block.writeUInt32LE(crc32c(seed, block, start, tail), tail + 8);
}

/** Where the index entries of a root begin: after `.`, `..` and dx_root_info. */
const rootEntries = 0x20;

/** Where those of an inner node begin: after an empty entry. */
const nodeEntries = 8;

export function rootLimit(blockSize: number): number {
  return (blockSize - rootEntries - 8) / 8;
}

export function nodeLimit(blockSize: number): number {
  return (blockSize - nodeEntries - 8) / 8;
}

export interface IndexEntry {
  /** The least hash in `block`; bit 0 says that names with it are in the block before too. */
  readonly hash: number;
  /** Block number inside the directory. */
  readonly block: number;
}

const halfMd4Version = 1;
const rootInfoSize = 8;

/** dx_root: the first block of a hashed directory; `levels` are the inner nodes between it and the leaves. */
export function encodeIndexRoot(
  block: Buffer,
  start: number,
  blockSize: number,
  root: {
    readonly inode: number;
    readonly parent: number;
    readonly levels: number;
    readonly entries: readonly IndexEntry[];
  },
  seed: number,
): void {
  const [dot, dotDot] = dotEntries(root.inode, root.parent);
  encodeDirent(block, start, direntSize(1), dot);
  encodeDirent(block, start + direntSize(1), blockSize - direntSize(1), dotDot);
  block[start + 0x1c] = halfMd4Version;
  block[start + 0x1d] = rootInfoSize;
  block[start + 0x1e] = root.levels;
  encodeIndexEntries(block, start, rootEntries, rootLimit(blockSize), root.entries, seed);
}

/** dx_node: an inner node of the index. */
export function encodeIndexNode(
  block: Buffer,
  start: number,
  blockSize: number,
  entries: readonly IndexEntry[],
  seed: number,
): void {
  block.writeUInt16LE(blockSize, start + 4);
  encodeIndexEntries(block, start, nodeEntries, nodeLimit(blockSize), entries, seed);
}

/** The first entry's place holds limit and count where others have a hash; the checksum follows the last place. */
function encodeIndexEntries(
  block: Buffer,
  start: number,
  offset: number,
  limit: number,
  entries: readonly IndexEntry[],
  seed: number,
): void {
  const at = start + offset;
  for (const [index, { hash, block: target }] of entries.entries()) {
    if (index === 0) {
      block.writeUInt16LE(limit, at);
      block.writeUInt16LE(entries.length, at + 2);
    } else block.writeUInt32LE(hash, at + index * 8);
    block.writeUInt32LE(target, at + index * 8 + 4);
  }
  const used = crc32c(seed, block, start, at + entries.length * 8);
  block.writeUInt32LE(crc32c(used, Buffer.alloc(8)), at + limit * 8 + 4);
}
