/**
 * The floor of a squashfs image: its blocks compressed on all cores, and nothing else.
 *
 *     node tools/bench/squashfs-floor.ts CONTENTS COMPRESSION BLOCK-SIZE
 *
 * CONTENTS is the same image with its blocks stored as they are (`--compression none`): each content once, in whole blocks. Uses the
 * writer's own threads. Prints how many bytes came out.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";

/** As the writer's threads take it and give it back (packages/squashfs-writer/src/compress/worker-messages.ts). */
interface Block {
  readonly memory: ArrayBuffer;
  readonly length: number;
}

const worker = join(import.meta.dirname, "../../packages/squashfs-writer/src/compress/worker.ts");
const blocksPerThread = 2;

const [contents = "", compression = "", blockSize = ""] = process.argv.slice(2);
const file = openSync(contents, "r");
const { size } = fstatSync(file);
let at = 0;
let compressedBytes = 0;

function nextBlock(memory: ArrayBuffer): Block | undefined {
  const length = readSync(file, new Uint8Array(memory), 0, memory.byteLength, at);
  at += length;
  return length === 0 ? undefined : { memory, length };
}

function startThread(): void {
  const thread = new Worker(worker, {
    workerData: { compression: parseCompression(compression), blockSize: Number(blockSize) },
  });
  let underWay = 0;
  const give = (memory: ArrayBuffer): void => {
    const block = nextBlock(memory);
    if (!block) return;
    thread.postMessage(block, [block.memory]);
    underWay++;
  };
  thread.on("message", ({ memory, length }: Block) => {
    compressedBytes += length;
    underWay--;
    give(memory);
    if (underWay === 0) void thread.terminate();
  });
  for (let block = 0; block < blocksPerThread; block++) give(new ArrayBuffer(Number(blockSize)));
  if (underWay === 0) void thread.terminate();
}

for (let started = 0; started < availableParallelism(); started++) startThread();
process.once("beforeExit", () => {
  closeSync(file);
  process.stdout.write(`${size} -> ${compressedBytes}\n`);
});

/** As the command line writes it. */
function parseCompression(text: string): object {
  const [kind, level] = text.split(":");
  if (kind === "lz4") return { kind, highCompression: level === "hc" };
  return { kind, level: level === undefined ? undefined : Number(level) };
}
