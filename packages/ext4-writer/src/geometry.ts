/**
 * Where block groups begin and which of them hold copies of the superblock (Linux Documentation/filesystems/ext4, "Block
 * Groups", "Sparse Superblock"): arithmetic only.
 */
export type BlockSize = 1024 | 2048 | 4096;

/** Bytes of a group descriptor with the feature 64bit. */
export const descriptorSize = 64;

export const inodeSize = 256;

/** Block numbers stay below this: the resize inode and indirect blocks hold 32 bits. */
export const maxBlocks: number = 2 ** 32 - 1;

export interface Geometry {
  readonly blockSize: BlockSize;
  /** As many as a bitmap of one block can name. */
  readonly blocksPerGroup: number;
  /** 1 with blocks of 1 KiB, where block 0 is the boot sector's; then every group begins one block later. */
  readonly firstDataBlock: number;
  /**
   * Blocks that stay free at the start of each group with a superblock copy while content streams: the superblock and
   * as many descriptor blocks as the file system might come to need.
   */
  readonly headBlocks: number;
}

export function geometryOf(blockSize: BlockSize, headBlocks: number): Geometry {
  return { blockSize, blocksPerGroup: 8 * blockSize, firstDataBlock: blockSize === 1024 ? 1 : 0, headBlocks };
}

/** The groups with a superblock copy (sparse_super): 0, 1 and the powers of 3, 5 and 7, as far as any image goes. */
export const headGroups: readonly number[] = [0, 1, ...[3, 5, 7].flatMap(powers)].toSorted((a, b) => a - b);

const headGroupSet: ReadonlySet<number> = new Set(headGroups);

function powers(base: number): number[] {
  const found: number[] = [];
  for (let power = base; power < 2 ** 20; power *= base) found.push(power);
  return found;
}

export function isHeadGroup(group: number): boolean {
  return headGroupSet.has(group);
}

export function groupStart(geometry: Geometry, group: number): number {
  return geometry.firstDataBlock + group * geometry.blocksPerGroup;
}

/** How many groups a file system of so many blocks has; the last one may be short. */
export function groupCount(blockSize: BlockSize, blocks: number): number {
  const { firstDataBlock, blocksPerGroup } = geometryOf(blockSize, 0);
  return Math.ceil((blocks - firstDataBlock) / blocksPerGroup);
}

export function descriptorBlocks(blockSize: BlockSize, groups: number): number {
  return Math.ceil((groups * descriptorSize) / blockSize);
}

/**
 * Descriptor blocks of a head, the reserved ones for resize2fs included, after mke2fs's rule: enough to grow to 1,024
 * times the size, but at most blockSize / 4 reserved ones.
 */
export function descriptorBlocksToGrow(blockSize: BlockSize, blocks: number): number {
  const used = descriptorBlocks(blockSize, groupCount(blockSize, blocks));
  const grown = groupCount(blockSize, Math.min(blocks * 1024, maxBlocks));
  return Math.min(descriptorBlocks(blockSize, grown), used + blockSize / 4);
}
