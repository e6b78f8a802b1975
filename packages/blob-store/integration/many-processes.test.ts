import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { digestOf, mediaTypes, verifiedBytes } from "@bootlayer/image-spec";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  hasBlob,
  ingestBytes,
  listImages,
  openBlobStore,
  openLayout,
  readBlob,
  tagImage,
} from "../src/index.ts";
import { ended, startProgram } from "./programs/run-program.ts";
import { seededBytes } from "./programs/seeded-bytes.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blob-store-"));
});
afterEach(() => rm(directory, { recursive: true }));

const size = 4_000_000;

function blobOf(seed: string): { digest: ReturnType<typeof digestOf>; size: number } {
  return { digest: digestOf(seededBytes(seed, size)), size };
}

async function expectWhole(seed: string): Promise<void> {
  const bytes = await verifiedBytes(readBlob(await openLayout(directory), blobOf(seed)), blobOf(seed));
  expect(seededBytes(seed, size).equals(bytes)).toBe(true);
}

test("four processes that bring the same blob at once all succeed, and the store holds it whole", async () => {
  const children = ["1", "2", "3", "1"].map((pause) =>
    startProgram("ingest-blob.ts", [directory, "shared", `${size}`, pause]),
  );
  expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0, 0]);
  await expectWhole("shared");
  expect(await readdir(join(directory, ".bootlayer/ingest"))).toEqual([]);
  expect(await readdir(join(directory, ".bootlayer/quarantine"))).toEqual([]);
});

test("processes that name images at once lose none of the names", async () => {
  const seeds = ["one", "two", "three", "four"];
  const children = seeds.map((seed) => startProgram("ingest-blob.ts", [directory, seed, "1000"]));
  expect(await Promise.all(children.map(ended))).toEqual([0, 0, 0, 0]);
  const names = (await listImages(await openLayout(directory))).map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(seeds.map((seed) => `example.com/${seed}:1`)));
});

/** Spread over what an ingest takes, its first and last steps included; the same in every run. */
const killAfterMilliseconds = [0, 5, 15, 30, 45, 60, 80, 100, 120, 150];

test("wherever a process is killed, a blob is whole or absent, and the next one completes the work", async () => {
  let interrupted = 0;
  for (const [round, delay] of killAfterMilliseconds.entries()) {
    const seed = `kill-${round}`;
    const child = startProgram("ingest-blob.ts", [directory, seed, `${size}`, "2"]);
    if (child.stdout) await once(child.stdout, "data");
    await setTimeout(delay);
    child.kill("SIGKILL");
    await ended(child);
    const isWhole = await hasBlob(await openLayout(directory), blobOf(seed));
    if (isWhole) await expectWhole(seed);
    interrupted += (await readdir(join(directory, ".bootlayer/ingest"))).length;

    const store = await openBlobStore(directory);
    await ingestBytes(store, blobOf(seed), seededBytes(seed, size));
    await expectWhole(seed);
    for (const name of await readdir(store.ingestDirectory)) {
      // Killed between the blob's two names, a process leaves the first, for the garbage collection: the blob is there for the next one.
      const path = join(store.ingestDirectory, name);
      expect({ isWhole, names: (await stat(path)).nlink }).toEqual({ isWhole: true, names: 2 });
      await rm(path);
    }
    const manifest = { ...blobOf(seed), mediaType: mediaTypes.ociManifest };
    await tagImage(store, `example.com/${seed}:1`, manifest);
  }
  // Else this test would not have killed anything in the middle.
  expect(interrupted).toBeGreaterThan(0);
  expect(await readdir(join(directory, "blobs/sha256"))).toHaveLength(killAfterMilliseconds.length);
  expect(await listImages(await openLayout(directory))).toHaveLength(killAfterMilliseconds.length);
  expect(await readdir(join(directory, ".bootlayer/locks"))).toEqual([]);
}, 120_000);
