import { parentPort, workerData } from "node:worker_threads";
import { compressInPlace } from "./compress-in-place.ts";
import { nativeGarbageCollector } from "./collect-native-garbage.ts";
import { createCompressor } from "./create-compressor.ts";
import type { BlockToCompress, ThreadData } from "./worker-messages.ts";

// A thread that compresses one block after another. What goes wrong here ends the thread with an error.

const { compression, blockSize, program } = workerData as ThreadData;
const compressor = createCompressor(compression, blockSize, program);
const isNative = compression.kind === "zstd" || compression.kind === "xz";
const collectGarbage = isNative ? nativeGarbageCollector() : () => {};
let last: Promise<void> = Promise.resolve();

async function compressAfter(before: Promise<void>, block: BlockToCompress): Promise<void> {
  await before;
  const stored = await compressInPlace(await compressor, block);
  parentPort?.postMessage(stored, [stored.memory]);
  collectGarbage();
}

parentPort?.on("message", (block: BlockToCompress) => {
  last = compressAfter(last, block);
});
