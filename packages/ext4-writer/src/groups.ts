import { bitmapChecksum } from "./checksum.ts";
import { clearBits, freeRuns, setBits } from "./bitmap.ts";
import type { Run } from "./allocator.ts";
import {
  blockUninitFlag,
  encodeGroupDescriptor,
  inodeUninitFlag,
  inodeZeroedFlag,
} from "./format/group-descriptors.ts";
import { groupStart, headGroups, isHeadGroup, type Geometry } from "./geometry.ts";
import type { Layout } from "./group-layout.ts";
import type { ImageFile } from "./image-file.ts";

export interface GroupsInput {
  readonly geometry: Geometry;
  readonly layout: Layout;
  /** Blocks of contents that nobody uses; ascending. */
  readonly dropped: readonly Run[];
  readonly lastInode: number;
  /** Inode numbers of all directories. */
  readonly directories: Iterable<number>;
  readonly seed: number;
}

/**
 * Writes the bitmaps of all groups that have one, and answers the table of their descriptors in whole blocks. Groups
 * without an inode in use, or with nothing but their head, are said to be uninitialised: their bitmaps stay holes, and
 * the kernel makes them when it first needs them.
 */
export function writeGroups(input: GroupsInput, file: ImageFile): Buffer {
  const { geometry, layout, seed } = input;
  const { blockSize } = geometry;
  const table = Buffer.alloc(layout.descriptorBlocks * blockSize);
  const directories = countDirectories(input);
  const blockBitmaps = blockBitmapsOf(input);
  const bitmap = Buffer.alloc(blockSize);
  for (let group = 0; group < layout.groups; group++) {
    const blockBitmap = layout.blockBitmaps[group] ?? 0;
    const inodeBitmap = layout.inodeBitmaps[group] ?? 0;
    const { used, onlyHead } = blockBitmaps(group, bitmap);
    // The kernel and e2fsck want the last group's bitmap: only there may blocks lie beyond the end.
    const isBlockUninit = onlyHead && group < layout.groups - 1;
    if (!isBlockUninit) file.write(blockBitmap * blockSize, bitmap);
    const blockBitmapChecksum = isBlockUninit ? 0 : bitmapChecksum(seed, bitmap, blockSize);

    const inodesUsed = clamp(input.lastInode - group * layout.inodesPerGroup, 0, layout.inodesPerGroup);
    let inodeBitmapChecksum = 0;
    if (inodesUsed > 0) {
      bitmap.fill(0);
      setBits(bitmap, 0, inodesUsed);
      setBits(bitmap, layout.inodesPerGroup, blockSize * 8);
      file.write(inodeBitmap * blockSize, bitmap);
      inodeBitmapChecksum = bitmapChecksum(seed, bitmap, layout.inodesPerGroup / 8);
    }
    encodeGroupDescriptor(
      table,
      group,
      {
        blockBitmap,
        inodeBitmap,
        inodeTable: layout.inodeTables[group] ?? 0,
        freeBlocks: groupBlocks(geometry, layout, group) - used,
        freeInodes: layout.inodesPerGroup - inodesUsed,
        directories: directories[group] ?? 0,
        flags:
          inodeZeroedFlag | (isBlockUninit ? blockUninitFlag : 0) | (inodesUsed === 0 ? inodeUninitFlag : 0),
        blockBitmapChecksum,
        inodeBitmapChecksum,
        unusedInodes: layout.inodesPerGroup - inodesUsed,
      },
      seed,
    );
  }
  return table;
}

/** Fills in one group's bitmap after another, in order; tells the blocks in use and whether only the head is. */
function blockBitmapsOf({
  geometry,
  layout,
  dropped,
}: GroupsInput): (group: number, bitmap: Buffer) => { used: number; onlyHead: boolean } {
  const free = freeRuns([...dropped, ...layout.gaps, ...headRests(geometry, layout)]);
  const head = 1 + layout.descriptorBlocks + layout.reservedDescriptorBlocks;
  return (group, bitmap) => {
    const start = groupStart(geometry, group);
    const blocks = groupBlocks(geometry, layout, group);
    const inUse = clamp(layout.end - start, 0, blocks);
    const headUse = isHeadGroup(group) ? head : 0;
    let used = Math.max(inUse, headUse);
    bitmap.fill(0);
    setBits(bitmap, 0, used);
    free.within(start, start + inUse, (from, to) => {
      clearBits(bitmap, from - start, to - start);
      used -= to - from;
    });
    setBits(bitmap, blocks, geometry.blocksPerGroup);
    return { used, onlyHead: used === headUse };
  };
}

/** What the heads among the blocks in use were given more than they came to need. */
function headRests(geometry: Geometry, layout: Layout): Run[] {
  const head = 1 + layout.descriptorBlocks + layout.reservedDescriptorBlocks;
  return headGroups
    .map((group) => ({
      start: groupStart(geometry, group) + head,
      length: geometry.headBlocks - head,
    }))
    .filter(({ start, length }) => length > 0 && start < layout.end);
}

function groupBlocks(geometry: Geometry, layout: Layout, group: number): number {
  return Math.min(geometry.blocksPerGroup, layout.blocks - groupStart(geometry, group));
}

function countDirectories({ layout, directories }: GroupsInput): Uint32Array {
  const counts = new Uint32Array(layout.groups);
  for (const inode of directories) {
    const group = Math.floor((inode - 1) / layout.inodesPerGroup);
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
