import { crc32c, crc32cStart } from "./crc32c.ts";

/** Checksum seeds of metadata_csum (Linux Documentation/filesystems/ext4, "Checksums"). */

const scratch = Buffer.alloc(8);

/** Continues a checksum over a number of 32 bits, little-endian. */
export function crc32cUInt32(crc: number, value: number): number {
  scratch.writeUInt32LE(value);
  return crc32c(crc, scratch, 0, 4);
}

/** Continues a checksum over a number of 64 bits, little-endian. */
export function crc32cUInt64(crc: number, value: number): number {
  scratch.writeUInt32LE(value % 2 ** 32);
  scratch.writeUInt32LE(Math.floor(value / 2 ** 32), 4);
  return crc32c(crc, scratch, 0, 8);
}

/** What all checksums but the superblock's start from. */
export function fileSystemSeed(uuid: Buffer): number {
  return crc32c(crc32cStart, uuid);
}

/** What the checksums of an inode, its directory blocks and its extent blocks start from. `i_generation` is 0 here. */
export function inodeSeed(fileSystem: number, inode: number): number {
  return crc32cUInt32(crc32cUInt32(fileSystem, inode), 0);
}

/** `length` is in bytes: only the part of the bitmap that stands for blocks or inodes counts. */
export function bitmapChecksum(fileSystem: number, bitmap: Buffer, length: number): number {
  return crc32c(fileSystem, bitmap, 0, length);
}
