import { crc32c } from "../crc32c.ts";
import { crc32cUInt32 } from "../checksum.ts";
import { descriptorSize } from "../geometry.ts";

/** Group descriptors of 64 bytes (ext4 documentation, "Block Group Descriptors"). */

/** bg_flags: no inode of the group is in use, and its bitmap was not written. */
export const inodeUninitFlag = 1;
/** bg_flags: nothing but the group's own head is in use, and its block bitmap was not written. */
export const blockUninitFlag = 2;
/** bg_flags: unused inodes are zero on disk, so that the kernel need not write them. */
export const inodeZeroedFlag = 4;

export interface GroupDescriptor {
  readonly blockBitmap: number;
  readonly inodeBitmap: number;
  readonly inodeTable: number;
  readonly freeBlocks: number;
  readonly freeInodes: number;
  readonly directories: number;
  readonly flags: number;
  readonly blockBitmapChecksum: number;
  readonly inodeBitmapChecksum: number;
  /** Inodes after the last one in use. */
  readonly unusedInodes: number;
}

/** Writes the descriptor of `group` into its place of `table`, which must be zero; block numbers have 32 bits here. */
export function encodeGroupDescriptor(
  table: Buffer,
  group: number,
  descriptor: GroupDescriptor,
  seed: number,
): void {
  const at = group * descriptorSize;
  table.writeUInt32LE(descriptor.blockBitmap, at);
  table.writeUInt32LE(descriptor.inodeBitmap, at + 0x04);
  table.writeUInt32LE(descriptor.inodeTable, at + 0x08);
  table.writeUInt16LE(descriptor.freeBlocks, at + 0x0c);
  table.writeUInt16LE(descriptor.freeInodes, at + 0x0e);
  table.writeUInt16LE(descriptor.directories, at + 0x10);
  table.writeUInt16LE(descriptor.flags, at + 0x12);
  table.writeUInt16LE(descriptor.blockBitmapChecksum & 0xffff, at + 0x18);
  table.writeUInt16LE(descriptor.inodeBitmapChecksum & 0xffff, at + 0x1a);
  table.writeUInt16LE(descriptor.unusedInodes, at + 0x1c);
  table.writeUInt16LE(descriptor.blockBitmapChecksum >>> 16, at + 0x38);
  table.writeUInt16LE(descriptor.inodeBitmapChecksum >>> 16, at + 0x3a);
  const checksum = crc32c(crc32cUInt32(seed, group), table, at, at + descriptorSize);
  table.writeUInt16LE(checksum & 0xffff, at + 0x1e);
}
