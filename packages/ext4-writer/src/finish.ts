import { checkpoint, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { autoFreeInodes, chooseLayout } from "./capacity.ts";
import { fileSystemSeed, inodeSeed } from "./checksum.ts";
import type { ContentTarget } from "./content-sink.ts";
import { dropUnclaimed, type Contents, type Dropped } from "./contents.ts";
import { buildExtentTree, needsTreeBlocks, type ExtentTree } from "./extent-tree.ts";
import { journalInode, resizeInode } from "./format/inode.ts";
import type { Geometry } from "./geometry.ts";
import type { Layout } from "./group-layout.ts";
import { writeGroups } from "./groups.ts";
import { halfMd4 } from "./half-md4.ts";
import { writeHeads } from "./heads.ts";
import { writeInodeTables, type SystemInode } from "./inode-table.ts";
import { takeInventory, type Inventory } from "./inventory.ts";
import { writeJournal } from "./journal.ts";
import { layNameBlocks, type NameBlocks } from "./name-blocks.ts";
import type { CheckedOptions } from "./options.ts";
import { writeResizeInode } from "./resize-inode.ts";
import { layXattrBlocks } from "./xattr-blocks.ts";

export interface FinishInput {
  readonly options: CheckedOptions;
  readonly geometry: Geometry;
  readonly target: ContentTarget;
  readonly contents: Contents;
  readonly signal: AbortSignal | undefined;
}

export interface Finished {
  readonly layout: Layout;
  readonly dropped: Dropped;
  readonly lastInode: number;
}

/**
 * Lays down everything but contents. First what the tree alone decides, in ascending blocks: directories, symlinks,
 * attributes, extent trees. Then the size is known, and with it the rest.
 */
export async function writeMetadata(root: DirectoryNode, input: FinishInput): Promise<Finished> {
  const { options, geometry, target, contents, signal } = input;
  const { blockSize, allocator, extents, file } = target;
  const pause = checkpoint(signal);
  const seed = fileSystemSeed(options.uuid);

  const inventory = await takeInventory(root, {
    blockSize,
    time: options.time,
    onFile: (file, path) => contents.claim(file, path),
    pause,
  });
  const { lastInode } = inventory;
  const dropped = dropUnclaimed(contents, extents, file, blockSize);
  const names = await layNameBlocks(inventory, target, seed, halfMd4(options.hashSeed), pause);
  const xattrBlocks = await layXattrBlocks(inventory, target, seed, pause);
  const trees = layExtentTrees(inventory, names, target, seed);
  const doubleIndirectBlock = allocator.takeContiguous(1);

  const layout = chooseLayout({
    size: options.size,
    geometry,
    allocator,
    droppedBlocks: dropped.blocks,
    inodes: lastInode + (options.freeInodes ?? autoFreeInodes(lastInode, options.size)),
    journal: options.journal,
  });

  const journal = writeJournal(layout, target, inodeSeed(seed, journalInode), options.uuid);
  const systemInodes = new Map<number, SystemInode>([
    [resizeInode, writeResizeInode(geometry, layout, doubleIndirectBlock, file)],
  ]);
  if (journal) systemInodes.set(journalInode, journal);
  await writeInodeTables(
    {
      inventory,
      extents,
      names,
      trees,
      xattrBlocks,
      systemInodes,
      time: options.time,
      seed,
      blockSize,
    },
    layout,
    file,
    pause,
  );
  const descriptors = writeGroups(
    { geometry, layout, dropped: dropped.runs, lastInode, directories: directoriesOf(inventory), seed },
    file,
  );
  const inodes = layout.inodesPerGroup * layout.groups;
  writeHeads(
    geometry,
    layout,
    {
      blockSize,
      blocksPerGroup: geometry.blocksPerGroup,
      firstDataBlock: geometry.firstDataBlock,
      blocks: layout.blocks,
      reservedBlocks: layout.reservedBlocks,
      freeBlocks: layout.freeBlocks,
      inodes,
      freeInodes: inodes - lastInode,
      inodesPerGroup: layout.inodesPerGroup,
      reservedDescriptorBlocks: layout.reservedDescriptorBlocks,
      uuid: options.uuid,
      hashSeed: options.hashSeed,
      label: options.label,
      time: options.time.seconds,
      largeDirectories: names.largeDirectories,
      ...(journal ? { journal } : {}),
    },
    descriptors,
    file,
  );
  return { layout, dropped, lastInode };
}

/** Of all inodes whose extents do not fit them; by inode. */
function layExtentTrees(
  inventory: Inventory,
  names: NameBlocks,
  { blockSize, allocator, extents, file }: ContentTarget,
  seed: number,
): Map<number, ExtentTree> {
  const trees = new Map<number, ExtentTree>();
  const target = {
    blockSize,
    allocate: () => allocator.takeContiguous(1),
    write: (block: number, bytes: Buffer) => file.write(block * blockSize, bytes),
  };
  for (const [inode, node] of inventory.nodes.entries()) {
    const span = node?.kind === "file" ? node.content : names.spanOf(inode);
    if (span === undefined || !needsTreeBlocks(extents, span)) continue;
    trees.set(inode, buildExtentTree(extents, span, inodeSeed(seed, inode), target));
  }
  return trees;
}

function* directoriesOf({ nodes }: Inventory): Generator<number> {
  for (const [inode, node] of nodes.entries()) if (node?.kind === "directory") yield inode;
}
