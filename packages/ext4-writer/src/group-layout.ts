import type { Allocator, Run } from "./allocator.ts";
import { maxExtentBlocks } from "./extent-table.ts";
import { rootCapacity } from "./format/extent.ts";
import {
  descriptorBlocks,
  descriptorBlocksToGrow,
  groupCount,
  groupStart,
  headGroups,
  inodeSize,
  isHeadGroup,
  type Geometry,
} from "./geometry.ts";
import { journalBlocks } from "./journal-length.ts";

/**
 * Where everything lies that depends on the size of the file system. On disk, in this order: contents, directories and
 * attributes (laid down before the size is known), journal, all block bitmaps, all inode bitmaps, all inode tables; the
 * heads of groups lie in the places kept for them. With flex_bg bitmaps and tables may be in any group. Arithmetic only.
 */
export interface Layout {
  readonly blocks: number;
  readonly groups: number;
  /** Descriptor blocks in use, and those kept for more groups, in each head. */
  readonly descriptorBlocks: number;
  readonly reservedDescriptorBlocks: number;
  readonly inodesPerGroup: number;
  /** None for a file system without a journal. */
  readonly journal: readonly Run[];
  /** Takes the journal's extents where the inode has no room for them. */
  readonly journalTreeBlock: number | undefined;
  /** Block numbers by group. */
  readonly blockBitmaps: Uint32Array;
  readonly inodeBitmaps: Uint32Array;
  /** First blocks by group; a table is contiguous. */
  readonly inodeTables: Uint32Array;
  /** All blocks before this one are in use, but for `gaps` and what heads have left over. */
  readonly end: number;
  readonly gaps: readonly Run[];
  readonly freeBlocks: number;
  /** Free blocks that only root may use. */
  readonly reservedBlocks: number;
  /** Free blocks that an ordinary user finds available. */
  readonly availableBlocks: number;
}

export type LayoutAttempt = Readonly<{ kind: "fits"; layout: Layout } | { kind: "too-small"; short: number }>;

export interface LayoutRequest {
  readonly geometry: Geometry;
  /** Has handed out all blocks that do not depend on the size; it is not changed. */
  readonly allocator: Allocator;
  /** Blocks among those that are free again. */
  readonly droppedBlocks: number;
  /** Inodes wanted in all. */
  readonly inodes: number;
  readonly journal: boolean;
}

/** One inode for so many bytes: mke2fs's inode_ratio. */
const bytesPerInode = 16_384;

/** Smaller file systems get inodes for their size, larger ones for whole groups, so that growth keeps the ratio. */
const wholeGroupRatioFrom = 64 * 2 ** 20;

/** mke2fs's reserve for root: 5 %. */
const rootReserve = 0.05;

/** A last group with fewer blocks beside its head is not worth having (mke2fs drops it too). */
const leastLastGroup = 50;

/** Lays out a file system of at most `wantedBlocks` blocks. */
export function planLayout(request: LayoutRequest, wantedBlocks: number): LayoutAttempt {
  const { geometry } = request;
  const { blockSize } = geometry;
  const blocks = withoutStump(geometry, wantedBlocks);
  const groups = groupCount(blockSize, blocks);
  if (groups < 1) return { kind: "too-small", short: geometry.blocksPerGroup };
  const inUse = descriptorBlocks(blockSize, groups);
  const inHead = Math.min(descriptorBlocksToGrow(blockSize, blocks), geometry.headBlocks - 1);
  if (inUse > inHead) return { kind: "too-small", short: Infinity };
  const inodesPerGroup = inodesInGroup(request, blocks, groups);
  if (inodesPerGroup > 8 * blockSize)
    return { kind: "too-small", short: Math.ceil(geometry.blocksPerGroup / 4) };

  const allocator = request.allocator.fork();
  const journal: Run[] = [];
  if (request.journal)
    allocator.take(journalBlocks(blocks), (start, length) => journal.push({ start, length }));
  const journalExtents = journal.reduce((sum, { length }) => sum + Math.ceil(length / maxExtentBlocks), 0);
  const journalTreeBlock = journalExtents > rootCapacity ? allocator.takeContiguous(1) : undefined;
  const blockBitmaps = takeSingles(allocator, groups);
  const inodeBitmaps = takeSingles(allocator, groups);
  const tableBlocks = (inodesPerGroup * inodeSize) / blockSize;
  const inodeTables = new Uint32Array(groups).map(() => allocator.takeContiguous(tableBlocks));

  const end = allocator.cursor();
  if (end > blocks) return { kind: "too-small", short: end - blocks };
  const heads = headGroups.filter((group) => group < groups).length * (1 + inHead);
  const freeBlocks = blocks - geometry.firstDataBlock - heads - allocator.taken() + request.droppedBlocks;
  const reservedBlocks = Math.floor(blocks * rootReserve);
  return {
    kind: "fits",
    layout: {
      blocks,
      groups,
      descriptorBlocks: inUse,
      reservedDescriptorBlocks: inHead - inUse,
      inodesPerGroup,
      journal,
      journalTreeBlock,
      blockBitmaps,
      inodeBitmaps,
      inodeTables,
      end,
      gaps: allocator.gaps(),
      freeBlocks,
      reservedBlocks,
      availableBlocks: freeBlocks - reservedBlocks - kernelReserve(blocks),
    },
  };
}

/** Blocks that the kernel keeps from everyone for its own metadata (ext4_calculate_resv_clusters). */
function kernelReserve(blocks: number): number {
  return Math.min(Math.floor(blocks / 50), 4096);
}

/** Without a last group that has little beside its head. */
function withoutStump(geometry: Geometry, blocks: number): number {
  const groups = groupCount(geometry.blockSize, blocks);
  if (groups < 2) return blocks;
  const start = groupStart(geometry, groups - 1);
  const head = isHeadGroup(groups - 1) ? 1 + descriptorBlocksToGrow(geometry.blockSize, blocks) : 0;
  return blocks - start < head + leastLastGroup ? start : blocks;
}

/** The same for all groups, which fill whole blocks of the table and whole bytes of the bitmap. */
function inodesInGroup({ geometry, inodes }: LayoutRequest, blocks: number, groups: number): number {
  const bytes = blocks * geometry.blockSize;
  const byRatio =
    bytes >= wholeGroupRatioFrom
      ? (geometry.blocksPerGroup * geometry.blockSize) / bytesPerInode
      : bytes / groups / bytesPerInode;
  const unit = Math.max(8, geometry.blockSize / inodeSize);
  return Math.ceil(Math.max(byRatio, inodes / groups) / unit) * unit;
}

function takeSingles(allocator: Allocator, count: number): Uint32Array {
  const numbers = new Uint32Array(count);
  let index = 0;
  allocator.take(count, (start, length) => {
    for (let block = start; block < start + length; block++) numbers[index++] = block;
  });
  return numbers;
}
