import { groupStart, headGroups, type Geometry } from "./geometry.ts";
import { blockAreaSize } from "./format/inode.ts";
import type { Layout } from "./group-layout.ts";
import type { ImageFile } from "./image-file.ts";
import type { SystemInode } from "./inode-table.ts";

/** Place of the double indirect block in i_block. */
const doubleIndirect = 13;

/**
 * Inode 7 owns the reserved descriptor blocks, so that growth finds them free (Linux fs/ext4/resize.c, reserve_backup_gdb):
 * its double indirect block lists those of group 0, each of which lists its twins in the other heads.
 */
export function writeResizeInode(
  geometry: Geometry,
  layout: Layout,
  doubleIndirectBlock: number,
  file: ImageFile,
): SystemInode {
  const { blockSize } = geometry;
  const pointers = blockSize / 4;
  const backups = headGroups.filter((group) => group > 0 && group < layout.groups);
  const list = Buffer.alloc(blockSize);
  const twins = Buffer.alloc(blockSize);
  for (let index = 0; index < layout.reservedDescriptorBlocks; index++) {
    const inHead = layout.descriptorBlocks + index;
    const block = groupStart(geometry, 0) + 1 + inHead;
    list.writeUInt32LE(block, (inHead % pointers) * 4);
    for (const [place, group] of backups.entries())
      twins.writeUInt32LE(groupStart(geometry, group) + 1 + inHead, place * 4);
    if (backups.length > 0) file.write(block * blockSize, twins);
  }
  file.write(doubleIndirectBlock * blockSize, list);
  const blockArea = Buffer.alloc(blockAreaSize);
  blockArea.writeUInt32LE(doubleIndirectBlock, doubleIndirect * 4);
  return {
    // As far as three levels of pointers would reach, which is what marks it as this inode.
    size: (pointers * pointers + pointers + 12) * blockSize,
    blocks: 1 + layout.reservedDescriptorBlocks * (1 + backups.length),
    flags: 0,
    blockArea,
  };
}
