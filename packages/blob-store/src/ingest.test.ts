import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { digestOf } from "@bootlayer/image-spec";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hasBlob, ingestBlob, openBlobStore, type BlobStore } from "./index.ts";
import { blobPath } from "./layout.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await openBlobStore(await mkdtemp(join(tmpdir(), "blob-store-")));
});
afterEach(() => rm(store.directory, { recursive: true }));

const bytes = randomBytes(3 * 2 ** 20 + 17);
const blob = { digest: digestOf(bytes), size: bytes.length };

async function* chunksOf(bytes: Uint8Array, length = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < bytes.length; position += length)
    yield bytes.subarray(position, position + length);
}

async function expectNoTrace(): Promise<void> {
  expect(await readdir(join(store.directory, "blobs/sha256"))).toEqual([]);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
}

test("a blob is in its place whole, read-only, and no temporary is left", async () => {
  await ingestBlob(store, blob, chunksOf(bytes));
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect((await stat(blobPath(store, blob.digest))).mode & 0o777).toBe(0o444);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test("until the last byte has proved right nothing has the blob's name", async () => {
  async function* watched(): AsyncGenerator<Uint8Array> {
    yield* chunksOf(bytes);
    expect(await hasBlob(store, blob)).toBe(false);
  }
  await ingestBlob(store, blob, watched());
  expect(await hasBlob(store, blob)).toBe(true);
});

property.prop([fc.array(fc.uint8Array({ maxLength: 3 * 2 ** 19 }), { maxLength: 6 }), fc.boolean()], {
  numRuns: 20,
})("chunks of any lengths make the same blob, their memory used again between them", async (chunks, big) => {
  const whole = Buffer.concat([...chunks, ...(big ? [bytes] : [])]);
  const digest = digestOf(whole, "sha512");
  async function* reused(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.alloc(2 ** 22);
    for (const chunk of [...chunks, ...(big ? [bytes] : [])]) {
      memory.set(chunk);
      yield memory.subarray(0, chunk.length);
      memory.fill(0xff);
    }
  }
  await ingestBlob(store, { digest, size: whole.length }, reused());
  expect((await readFile(blobPath(store, digest))).equals(whole)).toBe(true);
});

test("a blob that is there is not asked for again", async () => {
  await ingestBlob(store, blob, chunksOf(bytes));
  const pulled = vi.fn<() => void>();
  async function* unwanted(): AsyncGenerator<Uint8Array> {
    pulled();
    yield bytes;
  }
  await ingestBlob(store, blob, unwanted());
  expect(pulled).not.toHaveBeenCalled();
});

describe("nothing is left of", () => {
  test("bytes that do not match the digest", async () => {
    const wrong = Buffer.from(bytes);
    wrong[99_999] = (wrong[99_999] ?? 0) ^ 1;
    await expect(ingestBlob(store, blob, chunksOf(wrong))).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    await expectNoTrace();
  });

  test.for([-1, 1])("bytes that are too few or too many (%i)", async (difference) => {
    const other = Buffer.alloc(bytes.length + difference, bytes);
    await expect(ingestBlob(store, blob, chunksOf(other))).rejects.toMatchObject({ code: "BLOB_SIZE" });
    await expectNoTrace();
  });

  test("a source that fails, whose error comes through as it is", async () => {
    const lost = new Error("connection lost");
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* chunksOf(bytes.subarray(0, 2 ** 21));
      throw lost;
    }
    await expect(ingestBlob(store, blob, failing())).rejects.toBe(lost);
    await expectNoTrace();
  });

  test("an ingest that was aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 2 ** 21);
      controller.abort(reason);
      yield bytes.subarray(2 ** 21);
    }
    await expect(ingestBlob(store, blob, aborting(), { signal: controller.signal })).rejects.toBe(reason);
    await expectNoTrace();
  });

  test("an ingest that was aborted after the last byte", async () => {
    const controller = new AbortController();
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield bytes;
      controller.abort();
    }
    await expect(ingestBlob(store, blob, aborting(), { signal: controller.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
    await expectNoTrace();
  });
});

test("several ingests of one blob at once are all fine", async () => {
  await Promise.all(
    [1, 2, 3, 4, 5].map((kilobytes) => ingestBlob(store, blob, chunksOf(bytes, kilobytes * 10_000))),
  );
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test.for<[string, (path: string) => Promise<unknown>]>([
  ["an empty file", (path) => writeFile(path, "")],
  ["a directory", (path) => mkdir(path)],
  ["a symlink", (path) => symlink("/dev/null", path)],
])("%s that has the blob's name goes to the quarantine", async ([, plant]) => {
  await plant(blobPath(store, blob.digest));
  await Promise.all([ingestBlob(store, blob, chunksOf(bytes)), ingestBlob(store, blob, chunksOf(bytes))]);
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect(await readdir(store.quarantineDirectory)).toEqual([
    expect.stringContaining(blob.digest.replace(":", "-")),
  ]);
});
