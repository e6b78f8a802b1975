import { isMainThread, parentPort, workerData, type MessagePort } from "node:worker_threads";
import { createMailbox } from "./mailbox.ts";
import { unpackLayer, type UnpackRequest } from "./unpack-layer.ts";
import {
  packError,
  slotView,
  workerRole,
  type FilledSlot,
  type FromWorker,
  type SlotMemory,
  type ToWorker,
  type WorkerData,
} from "./worker-messages.ts";

/** Whether this thread was started to decompress layers: then a program in one file must call `runDecompressWorker`. */
export function isDecompressWorker(): boolean {
  return !isMainThread && readWorkerData() !== undefined;
}

/** Serves the thread that started this one until it ends it. Does nothing where `isDecompressWorker` is false. */
export function runDecompressWorker(): void {
  const data = readWorkerData();
  if (parentPort !== null && data !== undefined) serve(parentPort, data);
}

function readWorkerData(): WorkerData | undefined {
  const data: unknown = workerData;
  const isOurs = typeof data === "object" && data !== null && "role" in data && data.role === workerRole;
  return isOurs ? (data as WorkerData) : undefined;
}

function serve(port: MessagePort, memory: SlotMemory): void {
  const input = createMailbox<FilledSlot | "end">();
  const freeOutputs = createMailbox<number>();
  for (let slot = 0; slot < memory.outputSlots; slot++) freeOutputs.put(slot);
  const post = (message: FromWorker): void => port.postMessage(message);

  async function* blob(): AsyncGenerator<Uint8Array> {
    for (let filled = await input.take(); filled !== "end"; filled = await input.take()) {
      yield slotView(memory, filled.slot, filled.length);
      post({ kind: "input-free", slot: filled.slot });
    }
  }

  async function unpack(request: UnpackRequest): Promise<void> {
    let current: { readonly slot: number; readonly view: Buffer } | undefined;
    let filled = 0;
    for await (const chunk of unpackLayer(blob(), request))
      for (let at = 0; at < chunk.length;) {
        if (current === undefined) {
          const slot = await freeOutputs.take();
          current = { slot, view: slotView(memory, memory.inputSlots + slot) };
          filled = 0;
        }
        const part = chunk.subarray(at, at + memory.slotBytes - filled);
        current.view.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < memory.slotBytes) continue;
        post({ kind: "output", slot: current.slot, length: filled });
        current = undefined;
      }
    if (current !== undefined) post({ kind: "output", slot: current.slot, length: filled });
  }

  port.on("message", (message: ToWorker) => {
    switch (message.kind) {
      case "unpack":
        unpack(message.request).then(
          () => post({ kind: "done" }),
          (error: unknown) => post({ kind: "failed", error: packError(error) }),
        );
        break;
      case "input":
        input.put(message);
        break;
      case "input-end":
        input.put("end");
        break;
      case "output-free":
        freeOutputs.put(message.slot);
    }
  });
}
