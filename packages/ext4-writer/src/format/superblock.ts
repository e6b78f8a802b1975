import { crc32c, crc32cStart } from "../crc32c.ts";
import { descriptorSize, inodeSize } from "../geometry.ts";
import { extraInodeSize, firstInode, journalInode } from "./inode.ts";

/** The superblock (ext4 documentation, "Super Block"), with the features of Debian 12's `mke2fs -t ext4`. */
export interface SuperblockFields {
  readonly blockSize: number;
  readonly blocksPerGroup: number;
  readonly firstDataBlock: number;
  readonly blocks: number;
  /** Kept for root. */
  readonly reservedBlocks: number;
  readonly freeBlocks: number;
  readonly inodes: number;
  readonly freeInodes: number;
  readonly inodesPerGroup: number;
  readonly reservedDescriptorBlocks: number;
  readonly uuid: Buffer;
  readonly hashSeed: Buffer;
  /** At most 16 bytes. */
  readonly label: Buffer;
  /** When it was made, in seconds since 1970. */
  readonly time: number;
  /** The journal's i_block and size, of which the superblock keeps a copy; absent without a journal. */
  readonly journal?: { readonly blockArea: Buffer; readonly size: number };
  /** Whether a directory has more levels than kernels before 4.13 follow. */
  readonly largeDirectories: boolean;
}

export const superblockSize = 1024;

const compatible = { hasJournal: 0x4, extAttr: 0x8, resizeInode: 0x10, dirIndex: 0x20 } as const;
const incompatible = {
  filetype: 0x2,
  extents: 0x40,
  is64Bit: 0x80,
  flexBg: 0x200,
  largeDir: 0x4000,
} as const;
/** sparse_super, large_file, huge_file, dir_nlink, extra_isize, metadata_csum. */
const readOnlyCompatible = 0x1 | 0x2 | 0x8 | 0x20 | 0x40 | 0x400;

/** The copy in group `group`; copies differ in s_block_group_nr and so in the checksum. */
export function encodeSuperblock(fields: SuperblockFields, group: number): Buffer {
  const block = Buffer.alloc(superblockSize);
  const { journal, blockSize } = fields;
  const time = Math.min(Math.max(fields.time, 0), 2 ** 40 - 1);
  const timeLow = time % 2 ** 32;
  const timeHigh = Math.floor(time / 2 ** 32);
  block.writeUInt32LE(fields.inodes, 0x00);
  block.writeUInt32LE(fields.blocks, 0x04);
  block.writeUInt32LE(fields.reservedBlocks, 0x08);
  block.writeUInt32LE(fields.freeBlocks, 0x0c);
  block.writeUInt32LE(fields.freeInodes, 0x10);
  block.writeUInt32LE(fields.firstDataBlock, 0x14);
  block.writeUInt32LE(Math.log2(blockSize) - 10, 0x18);
  block.writeUInt32LE(Math.log2(blockSize) - 10, 0x1c);
  block.writeUInt32LE(fields.blocksPerGroup, 0x20);
  block.writeUInt32LE(fields.blocksPerGroup, 0x24);
  block.writeUInt32LE(fields.inodesPerGroup, 0x28);
  block.writeUInt32LE(timeLow, 0x30); // s_wtime
  block.writeUInt16LE(0xffff, 0x36); // s_max_mnt_count: no check by count
  block.writeUInt16LE(0xef53, 0x38); // s_magic
  block.writeUInt16LE(1, 0x3a); // s_state: cleanly unmounted
  block.writeUInt16LE(1, 0x3c); // s_errors: continue
  block.writeUInt32LE(timeLow, 0x40); // s_lastcheck: resize2fs wants it no earlier than the last mount
  block.writeUInt32LE(1, 0x4c); // s_rev_level: dynamic
  block.writeUInt32LE(firstInode, 0x54);
  block.writeUInt16LE(inodeSize, 0x58);
  block.writeUInt16LE(group & 0xffff, 0x5a);
  block.writeUInt32LE(
    compatible.extAttr | compatible.resizeInode | compatible.dirIndex | (journal ? compatible.hasJournal : 0),
    0x5c,
  );
  block.writeUInt32LE(
    incompatible.filetype |
      incompatible.extents |
      incompatible.is64Bit |
      incompatible.flexBg |
      (fields.largeDirectories ? incompatible.largeDir : 0),
    0x60,
  );
  block.writeUInt32LE(readOnlyCompatible, 0x64);
  fields.uuid.copy(block, 0x68);
  fields.label.copy(block, 0x78);
  block.writeUInt16LE(fields.reservedDescriptorBlocks, 0xce);
  fields.hashSeed.copy(block, 0xec);
  block[0xfc] = 1; // s_def_hash_version: half MD4
  block.writeUInt16LE(descriptorSize, 0xfe);
  block.writeUInt32LE(0xc, 0x100); // s_default_mount_opts: user_xattr, acl
  block.writeUInt32LE(timeLow, 0x108); // s_mkfs_time
  if (journal) {
    block.writeUInt32LE(journalInode, 0xe0);
    block[0xfd] = 1; // s_jnl_backup_type: i_block and size follow
    journal.blockArea.copy(block, 0x10c);
    block.writeUInt32LE(Math.floor(journal.size / 2 ** 32), 0x148);
    block.writeUInt32LE(journal.size % 2 ** 32, 0x14c);
  }
  block.writeUInt16LE(extraInodeSize, 0x15c); // s_min_extra_isize
  block.writeUInt16LE(extraInodeSize, 0x15e); // s_want_extra_isize
  block.writeUInt32LE(1, 0x160); // s_flags: the directory hash takes characters as signed
  block[0x174] = 4; // s_log_groups_per_flex
  block[0x175] = 1; // s_checksum_type: crc32c
  block[0x274] = timeHigh; // s_wtime_hi
  block[0x276] = timeHigh; // s_mkfs_time_hi
  block[0x277] = timeHigh; // s_lastcheck_hi
  block.writeUInt32LE(crc32c(crc32cStart, block, 0, 0x3fc), 0x3fc);
  return block;
}
