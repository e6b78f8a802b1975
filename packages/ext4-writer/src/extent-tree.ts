import { crc32c } from "./crc32c.ts";
import type { ExtentTable } from "./extent-table.ts";
import {
  encodeExtent,
  encodeExtentHeader,
  encodeExtentIndex,
  extentTailOffset,
  nodeCapacity,
  rootCapacity,
} from "./format/extent.ts";
import { blockAreaSize } from "./format/inode.ts";

/** The extent tree of one inode (ext4 documentation, "Extent Tree"): the root in i_block, all else in blocks. */
export interface ExtentTree {
  /** i_block: 60 bytes. */
  readonly blockArea: Buffer;
  /** Blocks that the tree occupies beside the inode. */
  readonly blocks: number;
}

/** Where a tree's blocks go. */
export interface TreeTarget {
  readonly blockSize: number;
  /** Takes a block and answers its number. */
  allocate(): number;
  /** Takes a block's bytes, which are used again after the call. */
  write(block: number, bytes: Buffer): void;
}

/** A node of one level: from which block of the file on, and where it is. */
interface Child {
  readonly logical: number;
  readonly child: number;
}

/** Whether a span's extents need blocks beside the inode. */
export function needsTreeBlocks(extents: ExtentTable, span: number): boolean {
  return extentCount(extents, span) > rootCapacity;
}

function extentCount(extents: ExtentTable, span: number): number {
  return extents.first(span + 1) - extents.first(span);
}

/** i_block of a file without data. */
export function encodeEmptyTree(table: Buffer, at: number): void {
  encodeExtentHeader(table, at, { entries: 0, capacity: rootCapacity, depth: 0 });
}

/** i_block of a span whose extents all fit there. */
export function encodeFlatTree(table: Buffer, at: number, extents: ExtentTable, span: number): void {
  const entries = extentCount(extents, span);
  encodeExtentHeader(table, at, { entries, capacity: rootCapacity, depth: 0 });
  encodeExtents(table, at, extents, extents.first(span), entries);
}

/**
 * Builds a tree of more extents than i_block takes, bottom-up, with full nodes but for the last of each level. `seed` is
 * the inode's checksum seed.
 */
export function buildExtentTree(
  extents: ExtentTable,
  span: number,
  seed: number,
  target: TreeTarget,
): ExtentTree {
  const first = extents.first(span);
  const count = extentCount(extents, span);
  const blockArea = Buffer.alloc(blockAreaSize);
  const capacity = nodeCapacity(target.blockSize);
  const node = Buffer.alloc(target.blockSize);
  let blocks = 0;

  function writeNode(logical: number, depth: number, entries: number): Child {
    encodeExtentHeader(node, 0, { entries, capacity, depth });
    const tail = extentTailOffset(target.blockSize);
    node.writeUInt32LE(crc32c(seed, node, 0, tail), tail);
    const child = target.allocate();
    target.write(child, node);
    node.fill(0);
    blocks++;
    return { logical, child };
  }

  let level: Child[] = [];
  for (let done = 0; done < count; done += capacity) {
    const entries = Math.min(capacity, count - done);
    encodeExtents(node, 0, extents, first + done, entries);
    level.push(writeNode(extents.logical(first + done), 0, entries));
  }
  let depth = 1;
  for (; level.length > rootCapacity; depth++) {
    const above: Child[] = [];
    for (let done = 0; done < level.length; done += capacity) {
      const children = level.slice(done, done + capacity);
      encodeIndexes(node, children);
      above.push(writeNode(children[0]?.logical ?? 0, depth, children.length));
    }
    level = above;
  }
  encodeExtentHeader(blockArea, 0, { entries: level.length, capacity: rootCapacity, depth });
  encodeIndexes(blockArea, level);
  return { blockArea, blocks };
}

function encodeExtents(
  node: Buffer,
  offset: number,
  extents: ExtentTable,
  first: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    const extent = first + index;
    encodeExtent(node, offset, index, {
      logical: extents.logical(extent),
      physical: extents.physical(extent),
      length: extents.length(extent),
    });
  }
}

function encodeIndexes(node: Buffer, children: readonly Child[]): void {
  for (const [index, child] of children.entries()) encodeExtentIndex(node, 0, index, child);
}
