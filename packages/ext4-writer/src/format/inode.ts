import { crc32c } from "../crc32c.ts";
import { inodeSize } from "../geometry.ts";
import type { EncodedTime } from "./timestamp.ts";

/** The inode of 256 bytes (ext4 documentation, "Index Nodes"). */

export const fileTypeBits = {
  fifo: 0x1000,
  "character-device": 0x2000,
  directory: 0x4000,
  "block-device": 0x6000,
  file: 0x8000,
  symlink: 0xa000,
  socket: 0xc000,
} as const;

/** i_flags: directory with a hashed index. */
export const indexFlag = 0x1000;

/** i_flags: i_block holds an extent tree. */
export const extentsFlag = 0x8_0000;

export const rootInode = 2;
export const resizeInode = 7;
export const journalInode = 8;
/** s_first_ino: the first that is not reserved; mke2fs gives it to lost+found. */
export const firstInode = 11;

export const blockAreaSize = 60;

/** Bytes used of what lies beyond the first 128: up to and including i_projid. */
export const extraInodeSize = 32;

/** Where attributes inside the inode begin. */
export const inodeXattrOffset: number = 128 + extraInodeSize;

export interface InodeFields {
  /** File type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly links: number;
  /** Blocks of the file system that it occupies, the trees' and the attribute block's included. */
  readonly blocks: number;
  readonly flags: number;
  /** Written as time of change, access and creation too. */
  readonly mtime: EncodedTime;
  /** Block with extended attributes; 0 for none. */
  readonly xattrBlock: number;
}

/**
 * Writes all fields but i_block (offset 0x28), attributes (from 160 on) and checksum. The bytes at `at` must be zero.
 */
export function encodeInode(table: Buffer, at: number, fields: InodeFields, blockSize: number): void {
  const { mtime, size, uid, gid } = fields;
  const sectors = fields.blocks * (blockSize / 512);
  table.writeUInt16LE(fields.mode, at);
  table.writeUInt16LE(uid & 0xffff, at + 0x02);
  table.writeUInt32LE(size % 2 ** 32, at + 0x04);
  table.writeInt32LE(mtime.seconds, at + 0x08);
  table.writeInt32LE(mtime.seconds, at + 0x0c);
  table.writeInt32LE(mtime.seconds, at + 0x10);
  table.writeUInt16LE(gid & 0xffff, at + 0x18);
  table.writeUInt16LE(fields.links, at + 0x1a);
  table.writeUInt32LE(sectors % 2 ** 32, at + 0x1c);
  table.writeUInt32LE(fields.flags, at + 0x20);
  table.writeUInt32LE(fields.xattrBlock, at + 0x68);
  table.writeUInt32LE(Math.floor(size / 2 ** 32), at + 0x6c);
  table.writeUInt16LE(Math.floor(sectors / 2 ** 32), at + 0x74);
  table.writeUInt16LE(uid >>> 16, at + 0x78);
  table.writeUInt16LE(gid >>> 16, at + 0x7a);
  table.writeUInt16LE(extraInodeSize, at + 0x80);
  table.writeUInt32LE(mtime.extra, at + 0x84);
  table.writeUInt32LE(mtime.extra, at + 0x88);
  table.writeUInt32LE(mtime.extra, at + 0x8c);
  table.writeInt32LE(mtime.seconds, at + 0x90);
  table.writeUInt32LE(mtime.extra, at + 0x94);
}

/** Where i_block lies in the inode. */
export const blockAreaOffset = 0x28;

/**
 * i_block of a device (Linux fs/ext4/inode.c): the old form of 16 bits where the numbers fit, else the new one in the
 * second word.
 */
export function encodeDevice(
  area: Buffer,
  at: number,
  device: { readonly major: number; readonly minor: number },
): void {
  const { major, minor } = device;
  if (major < 256 && minor < 256) area.writeUInt32LE((major << 8) | minor, at);
  else area.writeUInt32LE(((minor & 0xff) | (major << 8) | ((minor >>> 8) << 20)) >>> 0, at + 4);
}

/** Fills in the checksum, last of all: over the whole inode with the checksum's own fields zero. */
export function sealInode(table: Buffer, at: number, seed: number): void {
  const checksum = crc32c(seed, table, at, at + inodeSize);
  table.writeUInt16LE(checksum & 0xffff, at + 0x7c);
  table.writeUInt16LE(checksum >>> 16, at + 0x82);
}
