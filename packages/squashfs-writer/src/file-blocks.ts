import type { BlockMemory, BlockWriter } from "./block-writer.ts";
import type { BlockWords } from "./block-words.ts";

/** The blocks of one file, as its inode lists them. */
export interface BlockRun {
  /** Where their words are in the table of all. */
  readonly firstWord: number;
  count: number;
  /** Position in the image of the first one that is stored, known when it is there; 0 until then, or if none is. */
  start: number;
}

/** The blocks of one file on their way into the image. */
export interface FileBlocks {
  readonly run: BlockRun;
  /** Keeps the blocks that follow from being compressed, as long as they are not too many. */
  hold(): void;
  add(memory: BlockMemory, length: number): void;
  addZeros(count: number): void;
  /** They are to be in the image. */
  keep(): void;
  /** They are not to be in the image: what was done for them is undone. */
  drop(): void;
}

export interface FileBlocksTarget {
  readonly writer: BlockWriter;
  readonly words: BlockWords;
  readonly compressData: boolean;
}

interface HeldBlock {
  readonly memory: BlockMemory;
  readonly length: number;
  readonly word: number;
}

/** More than this is not kept in memory: the blocks are compressed, perhaps in vain. */
const maxHeldBytes = 8 << 20;

/**
 * One file's blocks at a time. `expected`: at least so many will come.
 *
 * @throws {SquashfsError} SQUASHFS_TOO_LARGE
 */
export function openFileBlocks(
  { writer, words, compressData }: FileBlocksTarget,
  expected: number,
): FileBlocks {
  const run: BlockRun = { firstWord: words.reserve(expected), count: 0, start: 0 };
  const held: HeldBlock[] = [];
  let heldBytes = 0;
  let holding = false;
  writer.mark();

  function put({ memory, length, word }: HeldBlock): void {
    writer.put(memory, length, compressData, (position, description) => {
      if (run.start === 0) run.start = position;
      words.set(word, description);
    });
  }

  function release(): void {
    holding = false;
    for (const block of held.splice(0)) put(block);
  }

  function take(count: number): number {
    const word = run.firstWord + run.count;
    run.count += count;
    if (run.count > expected) words.reserve(run.count - Math.max(expected, run.count - count));
    return word;
  }

  return {
    run,
    hold() {
      holding = true;
    },
    add(memory, length) {
      const block = { memory, length, word: take(1) };
      if (!holding) {
        put(block);
        return;
      }
      held.push(block);
      heldBytes += memory.length;
      if (heldBytes > maxHeldBytes) release();
    },
    addZeros: (count) => void take(count),
    keep: release,
    drop() {
      for (const { memory } of held.splice(0)) writer.giveBack(memory);
      writer.rollback();
      words.truncate(run.firstWord);
    },
  };
}
