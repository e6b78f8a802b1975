import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { createMailbox } from "./mailbox.ts";
import { unpackLayer, type UnpackRequest } from "./unpack-layer.ts";
import {
  packError,
  slotView,
  type FilledSlot,
  type FromWorker,
  type SlotMemory,
  type ToWorker,
} from "./worker-messages.ts";

// The entry of a thread that unpacks layers: serves the thread that started it until that ends it.
if (parentPort !== null) serve(parentPort, workerData as SlotMemory);

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
