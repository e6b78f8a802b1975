import { randomBytes } from "node:crypto";
import { chmod, link, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { digestOf } from "@bootlayer/image-spec";
import { beforeEach, describe, expect, test } from "vitest";
import { deadOwner, ownerElsewhere, temporaryStore } from "../integration/store-fixtures.ts";
import { hasBlob, ingestBlob, type BlobStore, type OpenSource, type StoreEvent } from "./index.ts";
import { blobPath } from "./layout.ts";
import { partialPath } from "./partial.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

const half = 2 ** 20;
const bytes = randomBytes(2 * half);
const blob = { digest: digestOf(bytes), size: bytes.length };
const lost = new Error("connection lost");

/** Notes where it was opened. */
function source(given: Uint8Array = bytes): OpenSource & { readonly offsets: number[] } {
  const offsets: number[] = [];
  async function* open(offset: number): AsyncGenerator<Uint8Array> {
    offsets.push(offset);
    for (let position = offset; position < given.length; position += 100_000)
      yield given.subarray(position, position + 100_000);
  }
  return Object.assign(open, { offsets });
}

async function* breaking(offset: number): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(offset, half);
  throw lost;
}

async function expectWhole(): Promise<void> {
  expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
}

test("what came before a source failed is kept under the digest, and the next ingest goes on behind it", async () => {
  await expect(ingestBlob(store, blob, breaking)).rejects.toBe(lost);
  expect(await readdir(store.ingestDirectory)).toEqual([basename(partialPath(store, blob.digest))]);
  const rest = source();
  const events: StoreEvent[] = [];
  const result = await ingestBlob(store, blob, rest, { onEvent: (event) => events.push(event) });
  expect(result).toEqual({ downloadedBytes: half, resumedAt: half, cached: false });
  expect(rest.offsets).toEqual([half]);
  expect(events).toEqual([
    { kind: "ingest-resumed", digest: blob.digest, bytes: half, totalBytes: bytes.length },
  ]);
  await expectWhole();
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test("what came before an ingest was aborted is kept, and the signal's reason is thrown", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  async function* aborting(): AsyncGenerator<Uint8Array> {
    yield bytes.subarray(0, half);
    controller.abort(reason);
    yield bytes.subarray(half);
  }
  await expect(ingestBlob(store, blob, aborting, { signal: controller.signal })).rejects.toBe(reason);
  expect(await ingestBlob(store, blob, source())).toMatchObject({ resumedAt: half });
  await expectWhole();
});

test("an ingest that is aborted after its last byte leaves all of it, and no blob", async () => {
  const controller = new AbortController();
  async function* aborting(): AsyncGenerator<Uint8Array> {
    yield bytes;
    controller.abort();
  }
  await expect(ingestBlob(store, blob, aborting, { signal: controller.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
  expect(await hasBlob(store, blob)).toBe(false);
  expect(await ingestBlob(store, blob, source())).toMatchObject({ downloadedBytes: 0 });
  await expectWhole();
});

describe("of what killed processes left", () => {
  test("the longest is taken over, hashed from its first byte, and the others go", async () => {
    await writeFile(partialPath(store, blob.digest, deadOwner()), bytes.subarray(0, 1000));
    await writeFile(partialPath(store, blob.digest, deadOwner()), bytes.subarray(0, half));
    await writeFile(partialPath(store, blob.digest), bytes.subarray(0, 10));
    const rest = source();
    await ingestBlob(store, blob, rest);
    expect(rest.offsets).toEqual([half]);
    await expectWhole();
    expect(await readdir(store.ingestDirectory)).toEqual([]);
  });

  test("a file that proves wrong is brought once more from the first byte", async () => {
    await writeFile(partialPath(store, blob.digest, deadOwner()), Buffer.alloc(half, 1));
    const [whole, events] = [source(), new Array<StoreEvent>()];
    const result = await ingestBlob(store, blob, whole, { onEvent: (event) => events.push(event) });
    expect(result).toEqual({ downloadedBytes: half + bytes.length, resumedAt: 0, cached: false });
    expect(whole.offsets).toEqual([half, 0]);
    expect(events.map(({ kind }) => kind)).toEqual(["ingest-resumed", "ingest-restarted"]);
    await expectWhole();
  });

  test("a source that is wrong a second time is believed", async () => {
    await writeFile(partialPath(store, blob.digest, deadOwner()), bytes.subarray(0, half));
    const wrong = source(Buffer.alloc(bytes.length, 7));
    await expect(ingestBlob(store, blob, wrong)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    expect(wrong.offsets).toEqual([half, 0]);
    expect(await readdir(store.ingestDirectory)).toEqual([]);
  });

  test("a file that is longer than the blob, or the blob itself under a second name, is not written to", async () => {
    await writeFile(partialPath(store, blob.digest, deadOwner()), Buffer.alloc(bytes.length + 1));
    const inPlace = join(store.quarantineDirectory, "was-in-place");
    await writeFile(inPlace, "precious");
    await link(inPlace, partialPath(store, blob.digest, deadOwner()));
    const whole = source();
    await ingestBlob(store, blob, whole);
    expect(whole.offsets).toEqual([0]);
    expect(await readFile(inPlace, "utf8")).toBe("precious");
    expect(await readdir(store.ingestDirectory)).toEqual([]);
  });

  test("a file that was complete and read-only is taken over too", async () => {
    const path = partialPath(store, blob.digest, deadOwner());
    await writeFile(path, bytes);
    await chmod(path, 0o444);
    expect(await ingestBlob(store, blob, source())).toMatchObject({ downloadedBytes: 0 });
    await expectWhole();
  });

  test("a source that cannot begin in the middle is opened at the start", async () => {
    await writeFile(partialPath(store, blob.digest, deadOwner()), bytes.subarray(0, half));
    const offsets: number[] = [];
    const fussy: OpenSource = (offset) => {
      offsets.push(offset);
      if (offset > 0) throw lost;
      return source()(0, new AbortController().signal);
    };
    await expect(ingestBlob(store, blob, fussy)).rejects.toBe(lost);
    await ingestBlob(store, blob, fussy, { isOffsetRefused: (error) => error === lost });
    expect(offsets).toEqual([half, half, 0]);
    await expectWhole();
  });
});

describe("what a process elsewhere left", () => {
  test("is copied, without the zeros that a power loss leaves, and stays", async () => {
    const path = partialPath(store, blob.digest, ownerElsewhere());
    await writeFile(path, Buffer.concat([bytes.subarray(0, half), Buffer.alloc(half - 5)]));
    const rest = source();
    await ingestBlob(store, blob, rest);
    const trueZeros =
      bytes.subarray(0, half).length - bytes.subarray(0, half).findLastIndex((b) => b !== 0) - 1;
    expect(rest.offsets).toEqual([half - trueZeros]);
    await expectWhole();
    expect(await readdir(store.ingestDirectory)).toEqual([basename(path)]);
  });

  test("is brought anew where it was nothing but zeros", async () => {
    await writeFile(partialPath(store, blob.digest, ownerElsewhere()), Buffer.alloc(half));
    const whole = source();
    await ingestBlob(store, blob, whole);
    expect(whole.offsets).toEqual([0]);
  });
});

describe("while a living process brings the blob", () => {
  test("another waits, and takes it over when that one fails", async () => {
    const [opened, waiting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = ingestBlob(store, blob, async function* () {
      opened.resolve();
      yield bytes.subarray(0, half);
      await waiting.promise;
      throw lost;
    });
    first.catch(() => {});
    await opened.promise;
    const events: StoreEvent[] = [];
    const rest = source();
    const second = ingestBlob(store, blob, rest, {
      onEvent(event) {
        events.push(event);
        waiting.resolve();
      },
    });
    await expect(first).rejects.toBe(lost);
    expect(await second).toEqual({ downloadedBytes: half, resumedAt: half, cached: false });
    expect(events[0]).toEqual({ kind: "ingest-waiting", digest: blob.digest, processId: process.pid });
    await expectWhole();
  });

  test("another's wait ends with the reason of its signal, and no file is left of it", async () => {
    const [opened, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const first = ingestBlob(store, blob, async function* () {
      opened.resolve();
      yield bytes.subarray(0, half);
      await release.promise;
      yield bytes.subarray(half);
    });
    await opened.promise;
    const controller = new AbortController();
    const reason = new Error("no more");
    const second = ingestBlob(store, blob, source(), { signal: controller.signal });
    second.catch(() => {});
    await setTimeout(50);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    expect(await readdir(store.ingestDirectory)).toHaveLength(1);
    release.resolve();
    await first;
    await expectWhole();
  });
});

test("names that are no ingest file's are left alone", async () => {
  const names = [`sha256-${"a".repeat(63)}.partial`, `${blob.digest.replace(":", "-")}.x.partial`, "notes"];
  for (const name of names) await writeFile(join(store.ingestDirectory, name), "");
  await ingestBlob(store, blob, source());
  expect((await readdir(store.ingestDirectory)).toSorted()).toEqual(names.toSorted());
});
