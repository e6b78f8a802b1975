/**
 * The floor that no builder can beat in this runtime: every layer of an image read, hashed, decompressed, hashed again
 * and written once, and nothing else; layers side by side on two threads, the largest first.
 *
 *     node tools/bench/floor.ts LAYOUT TAG OUTPUT-DIRECTORY
 */
import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { createGunzip, createZstdDecompress } from "node:zlib";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Job extends Descriptor {
  readonly blob: string;
  readonly output: string;
}

const threads = 2;
/** Node inflates fastest with large pieces. */
const chunkBytes = 2 ** 20;

async function decompressHashWrite({ mediaType, digest, blob, output }: Job): Promise<void> {
  const compressed = createHash("sha256");
  const unpacked = createHash("sha256");
  const source = createReadStream(blob, { highWaterMark: chunkBytes });
  source.on("data", (chunk) => compressed.update(chunk));
  const tar = mediaType.endsWith("zstd")
    ? createZstdDecompress({ chunkSize: chunkBytes })
    : createGunzip({ chunkSize: chunkBytes });
  const file = openSync(output, "w");
  for await (const chunk of source.pipe(tar) as AsyncIterable<Buffer>) {
    unpacked.update(chunk);
    writeSync(file, chunk);
  }
  closeSync(file);
  unpacked.digest();
  if (`sha256:${compressed.digest("hex")}` !== digest) throw new Error(`${blob} is damaged`);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

async function main(layout: string, tag: string, outputDirectory: string): Promise<void> {
  const blobOf = (digest: string): string => join(layout, "blobs", digest.replace(":", "/"));
  const index = readJson(join(layout, "index.json")) as { manifests: Descriptor[] };
  const named = index.manifests.find(
    ({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag,
  );
  const manifest = readJson(blobOf(named?.digest ?? "")) as { layers: Descriptor[] };
  const jobs = manifest.layers
    .toSorted((a, b) => b.size - a.size)
    .map((layer, at): Job => ({
      ...layer,
      blob: blobOf(layer.digest),
      output: join(outputDirectory, `${at}.tar`),
    }));
  await Promise.all(
    Array.from({ length: Math.min(threads, jobs.length) }, async () => {
      const worker = new Worker(new URL(import.meta.url));
      for (let job = jobs.shift(); job; job = jobs.shift()) {
        worker.postMessage(job);
        await once(worker, "message");
      }
      await worker.terminate();
    }),
  );
}

if (isMainThread) await main(process.argv[2] ?? "", process.argv[3] ?? "", process.argv[4] ?? "");
else
  parentPort?.on("message", (job: Job) => {
    void decompressHashWrite(job).then(() => parentPort?.postMessage("done"));
  });
