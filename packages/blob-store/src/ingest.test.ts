import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { digestOf } from "@bootlayer/image-spec";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { temporaryStore } from "../integration/store-fixtures.ts";
import { hasBlob, ingestBlob, type BlobStore, type OpenSource } from "./index.ts";
import { blobPath } from "./layout.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

const bytes = randomBytes(3 * 2 ** 20 + 17);
const blob = { digest: digestOf(bytes), size: bytes.length };

function sourceOf(bytes: Uint8Array, length = 64 * 1024): OpenSource {
  return async function* (offset) {
    for (let position = offset; position < bytes.length; position += length)
      yield bytes.subarray(position, position + length);
  };
}

async function expectNothing(): Promise<void> {
  expect(await readdir(join(store.directory, "blobs/sha256"))).toEqual([]);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
}

test("a blob is in its place whole, read-only, and no ingest file is left", async () => {
  expect(await ingestBlob(store, blob, sourceOf(bytes))).toEqual({
    downloadedBytes: bytes.length,
    resumedAt: 0,
    cached: false,
  });
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect((await stat(blobPath(store, blob.digest))).mode & 0o777).toBe(0o444);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test("until the last byte has proved right nothing has the blob's name", async () => {
  async function* watched(): AsyncGenerator<Uint8Array> {
    yield bytes;
    expect(await hasBlob(store, blob)).toBe(false);
  }
  await ingestBlob(store, blob, watched);
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
  await ingestBlob(store, { digest, size: whole.length }, reused);
  expect((await readFile(blobPath(store, digest))).equals(whole)).toBe(true);
});

test("a blob that is there is not asked for again", async () => {
  await ingestBlob(store, blob, sourceOf(bytes));
  const unwanted = vi.fn<OpenSource>(sourceOf(bytes));
  expect(await ingestBlob(store, blob, unwanted)).toEqual({ downloadedBytes: 0, resumedAt: 0, cached: true });
  expect(unwanted).not.toHaveBeenCalled();
});

describe("nothing is left of", () => {
  test("bytes that do not match the digest", async () => {
    const wrong = Buffer.from(bytes);
    wrong[99_999] = (wrong[99_999] ?? 0) ^ 1;
    await expect(ingestBlob(store, blob, sourceOf(wrong))).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    await expectNothing();
  });

  test.for([-1, 1])("bytes that are too few or too many (%i)", async (difference) => {
    const other = Buffer.alloc(bytes.length + difference, bytes);
    await expect(ingestBlob(store, blob, sourceOf(other))).rejects.toMatchObject({ code: "BLOB_SIZE" });
    await expectNothing();
  });

  test("a source that fails before it gave a byte", async () => {
    const lost = new Error("connection lost");
    const failing: OpenSource = () => {
      throw lost;
    };
    await expect(ingestBlob(store, blob, failing)).rejects.toBe(lost);
    await expectNothing();
  });
});

test("several ingests of one blob at once bring it once", async () => {
  const sources = [1, 2, 3, 4, 5].map((kilobytes) => vi.fn<OpenSource>(sourceOf(bytes, kilobytes * 10_000)));
  const results = await Promise.all(sources.map((source) => ingestBlob(store, blob, source)));
  expect(results.filter(({ cached }) => !cached)).toHaveLength(1);
  expect(sources.flatMap((source) => source.mock.calls)).toHaveLength(1);
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test.for<[string, (path: string) => Promise<unknown>]>([
  ["an empty file", (path) => writeFile(path, "")],
  ["a directory", (path) => mkdir(path)],
  ["a symlink", (path) => symlink("/dev/null", path)],
])("%s that has the blob's name goes to the quarantine", async ([, plant]) => {
  await plant(blobPath(store, blob.digest));
  await Promise.all([ingestBlob(store, blob, sourceOf(bytes)), ingestBlob(store, blob, sourceOf(bytes))]);
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
  expect(await readdir(store.quarantineDirectory)).toEqual([
    expect.stringContaining(blob.digest.replace(":", "-")),
  ]);
});
