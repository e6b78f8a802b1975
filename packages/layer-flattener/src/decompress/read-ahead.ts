import { setImmediate } from "node:timers/promises";
import type { LayerLimits } from "../limits.ts";
import type { LayerSource } from "../layer-source.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import { unpackLayer, type UnpackRequest } from "./unpack-layer.ts";
import { startUnpackThread, type ArchivePiece, type UnpackThread } from "./unpack-thread.ts";

export interface ReadAheadOptions {
  readonly limits: LayerLimits;
  /** Workers, each on a layer of its own; 0 does everything on this thread, layer after layer. */
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Told of each chunk of a blob as it comes from its source, with its layer's place in the order. */
  readonly onBlobBytes: (index: number, bytes: number) => void;
  /** For tests: delays the passing on of each piece, so that threads meet in another order. */
  readonly jitter?: (() => Promise<void>) | undefined;
}

export interface ReadAhead {
  /**
   * The archive of the layer in this place of the order, verified once it has ended. Layers must be taken in their
   * order. A chunk is valid until the next one is asked for.
   */
  archive(index: number): AsyncGenerator<Uint8Array>;
  /** Ends all workers and gives the sources up. */
  close(): Promise<void>;
}

/** Below this, handing a blob to a worker takes longer than unpacking it. */
const inlineBytes = 2 ** 20;

interface Job {
  readonly index: number;
  readonly layer: LayerSource;
  /** Whether the caller's thread unpacks it, when it is taken. */
  isInline: boolean;
  isStarted: boolean;
  readonly pieces: Mailbox<ArchivePiece | "end">;
}

/**
 * Unpacks layers in the order in which they will be taken: the first and the next ones at once, on a thread each, as far
 * as the threads' fixed memory goes. Small layers are unpacked by the caller's own thread when their turn comes. A
 * failure anywhere ends all.
 */
export function readAhead(
  layers: readonly LayerSource[],
  { limits, threads, signal, onBlobBytes, jitter }: ReadAheadOptions,
): ReadAhead {
  const given = new AbortController();
  const sourceSignal = AbortSignal.any([signal, given.signal]);
  const jobs = layers.map((layer, index): Job => {
    const isInline = threads === 0 || layer.descriptor.size < inlineBytes;
    return { index, layer, isInline, isStarted: false, pieces: createMailbox() };
  });
  const queue = jobs.filter(({ isInline }) => !isInline).values();
  const started: UnpackThread[] = [];
  const fail = (error: unknown): void => jobs.forEach(({ pieces }) => pieces.fail(error));

  async function* blob({ index, layer }: Job): AsyncGenerator<Uint8Array> {
    for await (const chunk of layer.open(sourceSignal)) {
      sourceSignal.throwIfAborted();
      onBlobBytes(index, chunk.length);
      yield chunk;
      await jitter?.();
    }
  }

  /** One thread's work: whichever layer is next, until none is left. */
  async function runThread(): Promise<void> {
    let thread: UnpackThread | undefined;
    for (const job of queue) {
      if (job.isInline) continue;
      job.isStarted = true;
      if (thread === undefined) started.push((thread = startUnpackThread()));
      await thread.unpack(request(job.layer, limits), blob(job), (piece) => job.pieces.put(piece));
      job.pieces.put("end");
    }
  }

  for (let count = 0; count < threads; count++) runThread().catch(fail);

  return {
    async *archive(index) {
      const job = jobs[index];
      if (job === undefined) return;
      // Several layers may be taken at once: one that no thread is free for must not wait for those.
      if (!job.isStarted) job.isInline = true;
      if (job.isInline) {
        yield* unpackLayer(blob(job), request(job.layer, limits));
        return;
      }
      for (let piece = await job.pieces.take(); piece !== "end"; piece = await job.pieces.take()) {
        yield piece.bytes;
        await jitter?.();
        piece.release();
        // However many pieces are ready: sources, other threads and the signal get their turn between two of them.
        await setImmediate();
      }
    },
    async close() {
      given.abort();
      await Promise.all(started.map((thread) => thread.terminate()));
    },
  };
}

function request({ descriptor, diffId }: LayerSource, limits: LayerLimits): UnpackRequest {
  return {
    digest: descriptor.digest,
    size: descriptor.size,
    diffId,
    maxArchiveBytes: Math.max(limits.ratioFloorBytes, limits.ratio * descriptor.size),
    maxWindowBytes: limits.zstdWindowBytes,
  };
}
