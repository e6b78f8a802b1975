import { Worker, type WorkerOptions } from "node:worker_threads";
import { SquashfsError } from "../errors.ts";
import { compressInPlace } from "./compress-in-place.ts";
import type { BlockCompressor } from "./compressor.ts";
import type { BlockToStore, ThreadData } from "./worker-messages.ts";

/** The text of `worker.ts` with all it needs, as CommonJS: set by a bundler that makes a program one file. */
declare const __SQUASHFS_WORKER__: string | undefined;

/** What is to be stored of a block: the beginning of the block's own memory. */
export interface StoredBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** It did not shrink, and is stored as it was. */
  readonly raw: boolean;
}

/** Compresses blocks on several threads. */
export interface CompressPool {
  /**
   * Compresses the first `length` bytes of `memory`, which must be all of its buffer: that is not the caller's until it
   * comes back. Rejects with SQUASHFS_WORKER.
   */
  compress(memory: Uint8Array<ArrayBuffer>, length: number): Promise<StoredBlock>;
  /** Ends the threads; blocks that are under way are rejected. */
  close(): Promise<void>;
}

interface Job {
  readonly memory: ArrayBuffer;
  readonly length: number;
  readonly settled: PromiseWithResolvers<StoredBlock>;
}

interface Thread {
  readonly worker: Worker;
  /** Those that it was given and has not answered, in order. */
  readonly jobs: Job[];
}

/** A thread has one block at work and one to go on with. */
const jobsPerThread = 2;

/** Threads start as blocks come that the others have no time for. */
export function createCompressPool(threads: number, data: ThreadData): CompressPool {
  const running: Thread[] = [];
  const waiting: Job[] = [];
  let closed = false;
  let failure: SquashfsError | undefined;

  function fail(why: string, cause?: unknown): void {
    failure ??= new SquashfsError(
      "SQUASHFS_WORKER",
      `a thread that compresses ${why}`,
      closed ? "begin a new image" : "see the cause; with threads: 0 all is done on the calling thread",
      { cause },
    );
    for (const { jobs } of running) for (const { settled } of jobs.splice(0)) settled.reject(failure);
    for (const { settled } of waiting.splice(0)) settled.reject(failure);
  }

  function start(): Thread {
    const thread: Thread = { worker: startWorker(data), jobs: [] };
    thread.worker.on("message", ({ memory, length, raw }: BlockToStore) => {
      thread.jobs.shift()?.settled.resolve({ bytes: new Uint8Array(memory, 0, length), raw });
      dispatch();
      // A caller that gives up without a word must not be kept alive by threads that have nothing to do.
      if (thread.jobs.length === 0) thread.worker.unref();
    });
    thread.worker.on("error", (cause) => fail("failed", cause));
    thread.worker.on("exit", () => fail("ended too early"));
    running.push(thread);
    return thread;
  }

  function freeThread(): Thread | undefined {
    let best: Thread | undefined;
    for (const thread of running) if (!best || thread.jobs.length < best.jobs.length) best = thread;
    if ((!best || best.jobs.length > 0) && running.length < threads) return start();
    return best && best.jobs.length < jobsPerThread ? best : undefined;
  }

  function dispatch(): void {
    while (waiting.length > 0) {
      const thread = freeThread();
      const job = thread && waiting.shift();
      if (!job) return;
      thread.jobs.push(job);
      thread.worker.ref();
      const { memory, length } = job;
      thread.worker.postMessage({ memory, length }, [memory]);
    }
  }

  return {
    async compress({ buffer }, length) {
      if (failure) throw failure;
      const settled = Promise.withResolvers<StoredBlock>();
      waiting.push({ memory: buffer, length, settled });
      dispatch();
      return await settled.promise;
    },
    async close() {
      closed = true;
      fail("was ended");
      await Promise.all(running.map(({ worker }) => worker.terminate()));
    },
  };
}

/** The same on the calling thread. */
export function createCompressorOfThisThread(compressor: BlockCompressor): CompressPool {
  let last: Promise<unknown> = Promise.resolve();
  return {
    compress({ buffer }, length) {
      const stored = last.then(() => compressInPlace(compressor, { memory: buffer, length }));
      last = stored;
      return stored.then(({ memory, length: storedLength, raw }) => ({
        bytes: new Uint8Array(memory, 0, storedLength),
        raw,
      }));
    },
    close: () => Promise.resolve(),
  };
}

function startWorker(data: ThreadData): Worker {
  const options = {
    name: "bootlayer-compress",
    // Its JavaScript makes small garbage only: without this it would collect 16 MiB of it at a time.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
    workerData: data,
  } satisfies WorkerOptions & { readonly workerData: ThreadData };
  if (typeof __SQUASHFS_WORKER__ !== "undefined") {
    // Text in no file would look for packages from the current directory.
    const workerData: ThreadData = { ...data, program: import.meta.url };
    return new Worker(__SQUASHFS_WORKER__, { ...options, workerData, eval: true });
  }
  // The module runs from source or compiled; the worker stands beside it in the same form.
  const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  return new Worker(new URL(name, import.meta.url), options);
}
