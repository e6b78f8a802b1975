import type { ContentTarget } from "./content-sink.ts";
import { buildExtentTree, encodeFlatTree, type ExtentTree } from "./extent-tree.ts";
import { blockAreaSize, extentsFlag } from "./format/inode.ts";
import { encodeJournalSuperblock } from "./format/jbd2.ts";
import type { Layout } from "./group-layout.ts";
import type { SystemInode } from "./inode-table.ts";

/**
 * An empty log: only its first block is written. The rest may hold anything, but must not be unwritten extents, with
 * which the kernel refuses to mount. `seed` is the journal inode's; no inode where the layout has no journal.
 */
export function writeJournal(
  layout: Layout,
  target: ContentTarget,
  seed: number,
  uuid: Buffer,
): SystemInode | undefined {
  const { blockSize, extents, file } = target;
  const [first] = layout.journal;
  if (!first) return undefined;
  const span = extents.begin();
  let blocks = 0;
  for (const { start, length } of layout.journal) {
    extents.append(blocks, start, length);
    blocks += length;
  }
  file.write(first.start * blockSize, encodeJournalSuperblock(blockSize, blocks, uuid));
  const tree = journalTree(layout.journalTreeBlock, target, span, seed);
  return {
    size: blocks * blockSize,
    blocks: blocks + tree.blocks,
    flags: extentsFlag,
    blockArea: tree.blockArea,
  };
}

function journalTree(
  block: number | undefined,
  { blockSize, extents, file }: ContentTarget,
  span: number,
  seed: number,
): ExtentTree {
  if (block !== undefined)
    return buildExtentTree(extents, span, seed, {
      blockSize,
      allocate: () => block,
      write: (_, bytes) => file.write(block * blockSize, bytes),
    });
  const blockArea = Buffer.alloc(blockAreaSize);
  encodeFlatTree(blockArea, 0, extents, span);
  return { blockArea, blocks: 0 };
}
