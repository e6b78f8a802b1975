import { createHash } from "node:crypto";
import type { RootfsNode, Checkpoint } from "@bootlayer/rootfs-tree";
import type { ContentTarget } from "./content-sink.ts";
import { encodeXattrBlock, maxXattrReferences, sealXattrBlock } from "./format/xattr.ts";
import type { Inventory } from "./inventory.ts";
import { placeXattrs } from "./xattr.ts";

/** One block, and how many inodes share it. */
interface SharedBlock {
  /** Has the attributes: the block's bytes are made from it again, so that memory holds no blocks. */
  readonly node: RootfsNode;
  readonly number: number;
  references: number;
}

/** Lays down attribute blocks, one for all inodes with the same attributes; answers each inode's block. */
export async function layXattrBlocks(
  inventory: Inventory,
  { blockSize, allocator, file }: ContentTarget,
  seed: number,
  pause: Checkpoint,
): Promise<ReadonlyMap<number, number>> {
  const open = new Map<string, SharedBlock>();
  const blocks: SharedBlock[] = [];
  const blockOf = new Map<number, number>();
  for (const [inode, node] of inventory.nodes.entries()) {
    const pausing = pause();
    if (pausing) await pausing;
    if (!node || node.attributes.xattrs.size === 0) continue;
    const bytes = blockBytes(node, blockSize);
    if (!bytes) continue;
    const key = createHash("sha256").update(bytes).digest("base64");
    let block = open.get(key);
    if (!block || block.references === maxXattrReferences) {
      block = { node, number: allocator.takeContiguous(1), references: 0 };
      open.set(key, block);
      blocks.push(block);
    }
    block.references++;
    blockOf.set(inode, block.number);
  }
  for (const { node, number, references } of blocks) {
    const pausing = pause();
    if (pausing) await pausing;
    const bytes = blockBytes(node, blockSize);
    if (!bytes) continue;
    sealXattrBlock(bytes, number, references, seed);
    file.write(number * blockSize, bytes);
  }
  return blockOf;
}

function blockBytes({ attributes }: RootfsNode, blockSize: number): Buffer | undefined {
  const { inBlock } = placeXattrs(attributes.xattrs, blockSize);
  return inBlock.length > 0 ? encodeXattrBlock(blockSize, inBlock) : undefined;
}
