import type { CompressPool, StoredBlock } from "./compress/compress-pool.ts";
import { rawBlockFlag } from "./format/placed-content.ts";
import type { ImageFile } from "./image-file.ts";

/** Memory for one block. It travels to the thread that compresses, and back. */
export type BlockMemory = Uint8Array<ArrayBuffer>;

/** Told where a block lies in the image, and the word that describes it. */
export type OnPlaced = (position: number, word: number) => void;

export interface BlockCounts {
  readonly compressedBlocks: number;
  readonly rawBlocks: number;
}

/**
 * Puts blocks into the image in the order of the calls, whichever is compressed first: so the image does not depend on
 * timing.
 */
export interface BlockWriter {
  /** Memory to fill; what it holds is undefined. */
  lend(): BlockMemory;
  /** Memory that is not put. */
  giveBack(memory: BlockMemory): void;
  /** The first `length` bytes of `memory` are the next block; the memory is the writer's from now on. */
  put(memory: BlockMemory, length: number, compress: boolean, onPlaced: OnPlaced): void;
  /** The blocks that follow can be taken back, until the next mark. */
  mark(): void;
  /** Takes back all blocks since the mark; nobody is told of them any more. */
  rollback(): void;
  /** Whether so many blocks are under way that the next one ought to wait for `room`. */
  isFull(): boolean;
  room(): Promise<void>;
  /** Waits until all blocks are in the image. */
  drain(): Promise<void>;
  counts(): BlockCounts;
}

interface Pending {
  readonly onPlaced: OnPlaced;
  stored: StoredBlock | undefined;
}

export interface BlockWriterOptions {
  readonly pool: CompressPool;
  readonly file: ImageFile;
  readonly blockSize: number;
  /** Blocks under way at most, beside what one call adds. */
  readonly maxUnderWay: number;
  readonly signal: AbortSignal;
}

export function createBlockWriter(options: BlockWriterOptions): BlockWriter {
  const { pool, file, blockSize, maxUnderWay, signal } = options;
  const spare: BlockMemory[] = [];
  /** Blocks that are not in the image yet, in its order. */
  const pending: Pending[] = [];
  /** Blocks whose memory is in use, those taken back included. */
  let underWay = 0;
  let counts = { compressedBlocks: 0, rawBlocks: 0 };
  /** How many blocks are in the image; how many were put before the mark; and, once those are in, how things stood then. */
  let written = 0;
  let marked = 0;
  let atMark = { position: 0, counts };
  let failure: { readonly reason: unknown } | undefined;
  let progress = Promise.withResolvers<void>();

  const isFull = (): boolean => underWay >= maxUnderWay;

  function throwFailure(): void {
    signal.throwIfAborted();
    if (failure) throw failure.reason;
  }

  function wake(): void {
    progress.resolve();
    progress = Promise.withResolvers();
  }

  async function until(done: () => boolean): Promise<void> {
    throwFailure();
    while (!done()) {
      await progress.promise;
      throwFailure();
    }
  }

  function giveBack(memory: BlockMemory): void {
    if (spare.length < maxUnderWay) spare.push(memory);
  }

  function release({ bytes }: StoredBlock): void {
    underWay--;
    giveBack(new Uint8Array(bytes.buffer));
  }

  function write(stored: StoredBlock, onPlaced: OnPlaced): void {
    const position = file.position();
    if (written++ === marked) atMark = { position, counts };
    file.append(stored.bytes);
    onPlaced(position, stored.bytes.length | (stored.raw ? rawBlockFlag : 0));
    counts = {
      compressedBlocks: counts.compressedBlocks + (stored.raw ? 0 : 1),
      rawBlocks: counts.rawBlocks + (stored.raw ? 1 : 0),
    };
    release(stored);
  }

  function writeReady(): void {
    const waiting = pending.findIndex(({ stored }) => !stored);
    for (const { stored, onPlaced } of pending.splice(0, waiting < 0 ? pending.length : waiting))
      if (stored) write(stored, onPlaced);
  }

  async function compress(memory: BlockMemory, length: number, block: Pending): Promise<void> {
    try {
      block.stored = await pool.compress(memory, length);
      // Nobody waits for it any more, and the file may be closed.
      if (failure || signal.aborted) return;
      if (pending.includes(block)) writeReady();
      else release(block.stored);
    } catch (reason) {
      failure ??= { reason };
    } finally {
      wake();
    }
  }

  // Those that wait then look at the signal, and throw.
  signal.addEventListener("abort", wake, { once: true });

  return {
    lend: () => spare.pop() ?? new Uint8Array(blockSize),
    giveBack,
    put(memory, length, compressed, onPlaced) {
      throwFailure();
      underWay++;
      const block: Pending = { onPlaced, stored: undefined };
      pending.push(block);
      if (compressed) void compress(memory, length, block);
      else {
        block.stored = { bytes: memory.subarray(0, length), raw: true };
        writeReady();
      }
    },
    mark() {
      marked = written + pending.length;
    },
    rollback() {
      for (const { stored } of pending.splice(Math.max(marked - written, 0))) if (stored) release(stored);
      if (written <= marked) return;
      file.rewind(atMark.position);
      ({ counts } = atMark);
      written = marked;
    },
    isFull,
    room: () => until(() => !isFull()),
    drain: () => until(() => pending.length === 0),
    counts: () => counts,
  };
}
