/** The superblock (squashfs_fs.h, `struct squashfs_super_block`); every number is little-endian. */

export const superblockSize = 96;

const magic = 0x7371_7368;

/** Position of a table that the image does not have. */
export const absentTable = -1;

/** Only the presence of compressor options means anything to the kernel; the rest tells tools how the image was made. */
export const flagBits = {
  rawInodes: 0x1,
  rawData: 0x2,
  rawFragments: 0x8,
  noFragments: 0x10,
  /** Ends of files of more than one block are in fragments too. */
  alwaysFragments: 0x20,
  deduplicated: 0x40,
  exportable: 0x80,
  rawXattrs: 0x100,
  compressorOptions: 0x400,
  rawIds: 0x800,
} as const;

export interface SuperblockFields {
  readonly inodes: number;
  /** Seconds since 1970, unsigned. */
  readonly time: number;
  readonly blockSize: number;
  readonly fragments: number;
  readonly compression: number;
  /** A sum of `flagBits`. */
  readonly flags: number;
  readonly ids: number;
  /** Reference to the root's inode. */
  readonly root: number;
  readonly bytesUsed: number;
  readonly inodeTable: number;
  readonly directoryTable: number;
  /** Positions of the lists at the tables' ends; `absentTable` is allowed for those of xattrs and for export. */
  readonly fragmentTable: number;
  readonly exportTable: number;
  readonly idTable: number;
  readonly xattrTable: number;
}

export function encodeSuperblock(fields: SuperblockFields): Buffer {
  const block = Buffer.alloc(superblockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(fields.inodes, 4);
  block.writeUInt32LE(fields.time, 8);
  block.writeUInt32LE(fields.blockSize, 12);
  block.writeUInt32LE(fields.fragments, 16);
  block.writeUInt16LE(fields.compression, 20);
  block.writeUInt16LE(Math.log2(fields.blockSize), 22);
  block.writeUInt16LE(fields.flags, 24);
  block.writeUInt16LE(fields.ids, 26);
  block.writeUInt16LE(4, 28); // version 4.0
  block.writeUInt16LE(0, 30);
  block.writeBigUInt64LE(BigInt(fields.root), 32);
  block.writeBigUInt64LE(BigInt(fields.bytesUsed), 40);
  block.writeBigInt64LE(BigInt(fields.idTable), 48);
  block.writeBigInt64LE(BigInt(fields.xattrTable), 56);
  block.writeBigInt64LE(BigInt(fields.inodeTable), 64);
  block.writeBigInt64LE(BigInt(fields.directoryTable), 72);
  block.writeBigInt64LE(BigInt(fields.fragmentTable), 80);
  block.writeBigInt64LE(BigInt(fields.exportTable), 88);
  return block;
}
