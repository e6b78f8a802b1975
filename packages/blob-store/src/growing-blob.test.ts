import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { digestOf } from "@bootlayer/image-spec";
import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, expect, test } from "vitest";
import { collect, deadOwner, temporaryStore } from "../integration/store-fixtures.ts";
import { hasBlob, ingestBytes, startIngest, type BlobStore } from "./index.ts";
import { partialPath } from "./partial.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

const mebibyte = 2 ** 20;
const bytes = randomBytes(3 * mebibyte + 5);
const blob = { digest: digestOf(bytes), size: bytes.length };
const never = new AbortController().signal;

test("bytes are read while the rest has not been sent yet, and the end comes after the blob has its name", async () => {
  const reader = Promise.withResolvers<void>();
  const ingest = startIngest(store, blob, async function* () {
    yield bytes.subarray(0, 2 * mebibyte);
    await reader.promise;
    yield bytes.subarray(2 * mebibyte);
  });
  let received = 0;
  for await (const chunk of ingest.read(never)) {
    received += chunk.length;
    // Nothing more is sent before this reader has the first two.
    if (received === 2 * mebibyte) reader.resolve();
  }
  expect(received).toBe(bytes.length);
  expect(await hasBlob(store, blob)).toBe(true);
});

test("several readers at their own pace get the same bytes, also after the end", async () => {
  const ingest = startIngest(store, blob, async function* () {
    yield bytes;
  });
  const early = [ingest.read(never), ingest.read(never)].map(collect);
  await ingest.complete;
  for (const reading of [...early, collect(ingest.read(never))])
    expect((await reading).equals(bytes)).toBe(true);
});

test("an ingest ends though its reader reads no further, and the reader may go on later", async () => {
  const ingest = startIngest(store, blob, async function* () {
    yield bytes;
  });
  const reading = ingest.read(never)[Symbol.asyncIterator]();
  const first = await reading.next();
  const start = Buffer.from(first.done === true ? [] : first.value);
  await ingest.complete;
  const rest = await collect({ [Symbol.asyncIterator]: () => reading });
  expect(Buffer.concat([start, rest]).equals(bytes)).toBe(true);
});

test("a blob that proves wrong ends its reader with the ingest's error, never with an end", async () => {
  const wrong = Buffer.from(bytes);
  wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
  const ingest = startIngest(store, blob, async function* () {
    yield wrong;
  });
  await expect(collect(ingest.read(never))).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  await expect(ingest.complete).rejects.toMatchObject({ code: "BLOB_DIGEST" });
});

test("a source that fails ends its readers with that failure, those that come later too", async () => {
  const lost = new Error("connection lost");
  const ingest = startIngest(store, blob, async function* () {
    yield bytes.subarray(0, mebibyte);
    throw lost;
  });
  await expect(collect(ingest.read(never))).rejects.toBe(lost);
  await expect(collect(ingest.read(never))).rejects.toBe(lost);
});

test("a reader that gives up leaves the ingest alone", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const held = Promise.withResolvers<void>();
  const ingest = startIngest(store, blob, async function* () {
    yield bytes.subarray(0, mebibyte);
    await held.promise;
    yield bytes.subarray(mebibyte);
  });
  async function reading(): Promise<void> {
    for await (const _ of ingest.read(controller.signal)) queueMicrotask(() => controller.abort(reason));
  }
  await expect(reading()).rejects.toBe(reason);
  held.resolve();
  expect(await ingest.complete).toMatchObject({ downloadedBytes: bytes.length });
});

test("a blob that is there is read from its place", async () => {
  await ingestBytes(store, blob, bytes);
  const ingest = startIngest(store, blob, () => {
    throw new Error("not wanted");
  });
  expect((await collect(ingest.read(never))).equals(bytes)).toBe(true);
  expect(await ingest.complete).toMatchObject({ cached: true });
});

test("bytes that an interrupted ingest left reach no reader before they have proved right", async () => {
  await writeFile(partialPath(store, blob.digest, deadOwner()), Buffer.alloc(mebibyte, 1));
  const ingest = startIngest(store, blob, async function* (offset) {
    yield bytes.subarray(offset);
  });
  expect((await collect(ingest.read(never))).equals(bytes)).toBe(true);
  expect(await ingest.complete).toMatchObject({ resumedAt: 0, downloadedBytes: 2 * bytes.length - mebibyte });
});

property.prop([fc.array(fc.uint8Array({ maxLength: 2 ** 19, size: "max" }), { maxLength: 8 })], {
  numRuns: 15,
})("a reader sees what was sent, in chunks of any lengths", async (chunks) => {
  const whole = Buffer.concat(chunks);
  const ingest = startIngest(store, { digest: digestOf(whole), size: whole.length }, async function* () {
    for (const chunk of chunks) {
      await new Promise(setImmediate);
      yield chunk;
    }
  });
  expect((await collect(ingest.read(never))).equals(whole)).toBe(true);
});
