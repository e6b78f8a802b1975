import { Worker, type WorkerOptions } from "node:worker_threads";
import { flattenError } from "../errors.ts";
import { createMailbox } from "./mailbox.ts";
import type { UnpackRequest } from "./unpack-layer.ts";
import { slotView, unpackError, type FromWorker, type SlotMemory, type ToWorker } from "./worker-messages.ts";

/** The text of `worker.ts` with all it needs, as CommonJS: set by a bundler that makes a program one file. */
declare const __DECOMPRESS_WORKER__: string | undefined;

/** A piece of an archive in the thread's memory, which `release` gives back. */
export interface ArchivePiece {
  readonly bytes: Uint8Array;
  release(): void;
}

/** A worker that unpacks one layer after another. */
export interface UnpackThread {
  /**
   * Unpacks `blob`, handing over the archive piece by piece as memory comes free. Resolves once all is handed over and
   * verified; rejects as `unpackLayer` does, or with FLATTEN_WORKER. After a failure the thread is of no more use.
   */
  unpack(
    request: UnpackRequest,
    blob: AsyncIterable<Uint8Array>,
    onPiece: (piece: ArchivePiece) => void,
  ): Promise<void>;
  terminate(): Promise<void>;
}

/**
 * Bytes travel in slots of shared memory; messages only say which slot is filled or free. So what is read ahead is
 * bounded, and nothing is copied on the way to its consumer.
 */
const slotBytes = 2 ** 20;
const inputSlots = 4;
const outputSlots = 12;

export function startUnpackThread(): UnpackThread {
  const memory: SlotMemory = {
    memory: new SharedArrayBuffer((inputSlots + outputSlots) * slotBytes),
    slotBytes,
    inputSlots,
    outputSlots,
  };
  const worker = startWorker({
    name: "bootlayer-unpack",
    // Its JavaScript makes small garbage only: without this it would collect 16 MiB of it at a time.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
    workerData: memory,
  });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker is no window
  const post = (message: ToWorker): void => worker.postMessage(message);
  const freeInputs = createMailbox<number>();
  for (let slot = 0; slot < inputSlots; slot++) freeInputs.put(slot);
  let settled = Promise.withResolvers<void>();
  let onPiece: ((piece: ArchivePiece) => void) | undefined;
  settled.promise.catch(() => {});

  function fail(error: unknown): void {
    settled.reject(error);
    freeInputs.fail(error);
  }

  worker.on("message", (message: FromWorker) => {
    switch (message.kind) {
      case "input-free":
        freeInputs.put(message.slot);
        break;
      case "output": {
        const { slot, length } = message;
        onPiece?.({
          bytes: slotView(memory, inputSlots + slot, length),
          release: () => post({ kind: "output-free", slot }),
        });
        break;
      }
      case "done":
        settled.resolve();
        break;
      case "failed":
        fail(unpackError(message.error));
    }
  });
  worker.on("error", (cause) =>
    fail(flattenError("FLATTEN_WORKER", "a decompression thread failed", { cause })),
  );
  worker.on("exit", () => fail(flattenError("FLATTEN_WORKER", "a decompression thread ended too early")));

  async function sendBlob(blob: AsyncIterable<Uint8Array>): Promise<void> {
    let slot: number | undefined;
    let filled = 0;
    for await (const chunk of blob)
      for (let at = 0; at < chunk.length;) {
        slot ??= await freeInputs.take();
        const part = chunk.subarray(at, at + slotBytes - filled);
        slotView(memory, slot).set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < slotBytes) continue;
        post({ kind: "input", slot, length: filled });
        [slot, filled] = [undefined, 0];
      }
    if (slot !== undefined) post({ kind: "input", slot, length: filled });
    post({ kind: "input-end" });
  }

  return {
    async unpack(request, blob, handOver) {
      settled = Promise.withResolvers<void>();
      settled.promise.catch(() => {});
      onPiece = handOver;
      post({ kind: "unpack", request });
      await Promise.all([sendBlob(blob), settled.promise]);
    },
    async terminate() {
      await worker.terminate();
    },
  };
}

function startWorker(options: WorkerOptions & { readonly workerData: SlotMemory }): Worker {
  if (typeof __DECOMPRESS_WORKER__ !== "undefined")
    return new Worker(__DECOMPRESS_WORKER__, { ...options, eval: true });
  // The module runs from source or compiled; the worker stands beside it in the same form.
  const name = import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js";
  return new Worker(new URL(name, import.meta.url), options);
}
