import { readdir, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type Descriptor } from "@bootlayer/image-spec";
import { beforeEach, expect, test } from "vitest";
import { put, putImage, temporaryStore } from "../integration/store-fixtures.ts";
import {
  hasBlob,
  ingestBytes,
  scrubStore,
  storeUsage,
  tagImage,
  type BlobStore,
  type StoreEvent,
} from "./index.ts";
import { blobPath } from "./layout.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

async function putNamed(name: string, layers: readonly Descriptor[]): Promise<Descriptor> {
  const manifest = await putImage(store, layers);
  await tagImage(store, name, manifest);
  return manifest;
}

/** As a disk that fails does. */
async function damage({ digest }: Descriptor, content: string): Promise<void> {
  await rm(blobPath(store, digest));
  await writeFile(blobPath(store, digest), content);
}

test("a store whose blobs are right is clean, and every byte was looked at", async () => {
  await putNamed("a:1", [await put(store, "layer")]);
  await ingestBytes(store, { digest: digestOf(Buffer.from("x"), "sha512"), size: 1 }, Buffer.from("x"));
  const events: StoreEvent[] = [];
  const report = await scrubStore(store, { onEvent: (event) => events.push(event) });
  const { bytes } = await storeUsage(store);
  expect(report).toEqual({ checkedBlobs: 4, checkedBytes: bytes, wrong: [], hurtImages: [] });
  expect(events.at(-1)).toEqual({ kind: "scrub-progress", blobs: 4, bytes, totalBytes: bytes });
});

test("what is wrong goes to the quarantine, and the images are named that it hurts", async () => {
  const [shared, own, fine] = [await put(store, "shared"), await put(store, "own"), await put(store, "fine")];
  await putNamed("a:1", [shared, own]);
  await putNamed("a:2", [shared]);
  await putNamed("a:3", [fine]);
  await damage(shared, "shareD");
  await damage(own, "");
  const { wrong, hurtImages } = await scrubStore(store);
  expect(new Set(wrong.map(({ digest }) => digest))).toEqual(new Set([shared.digest, own.digest]));
  expect(hurtImages.map(({ name, digests }) => [name, digests.length])).toEqual([
    ["a:1", 2],
    ["a:2", 1],
  ]);
  expect((await readdir(store.quarantineDirectory)).toSorted()).toEqual(
    wrong.map(({ quarantinedAs }) => quarantinedAs).toSorted(),
  );
  expect(await hasBlob(store, shared)).toBe(false);
  await put(store, "shared");
  await put(store, "own");
  expect(await scrubStore(store)).toMatchObject({ wrong: [], hurtImages: [] });
});

test("a manifest that is wrong hurts its image", async () => {
  const manifest = await putNamed("a:1", []);
  await truncate(blobPath(store, manifest.digest), 10);
  expect((await scrubStore(store)).hurtImages).toEqual([{ name: "a:1", digests: [manifest.digest] }]);
});

test("a symlink in a blob's place is not followed", async () => {
  const layer = await put(store, "layer");
  await rm(blobPath(store, layer.digest));
  await writeFile(join(store.directory, "elsewhere"), "layer");
  await symlink("../../elsewhere", blobPath(store, layer.digest));
  expect((await scrubStore(store)).wrong).toHaveLength(1);
});

test("a scrub that is aborted ends with the signal's reason", async () => {
  await put(store, "one");
  await put(store, "two");
  const controller = new AbortController();
  const reason = new Error("enough");
  const scrub = scrubStore(store, {
    signal: controller.signal,
    onEvent: () => {
      controller.abort(reason);
    },
  });
  await expect(scrub).rejects.toBe(reason);
});

test("usage counts each blob once, and says what images share", async () => {
  const shared = await put(store, "12345");
  await putNamed("a:1", [shared, await put(store, "123")]);
  await putNamed("a:2", [shared]);
  await put(store, "unused");
  const usage = await storeUsage(store);
  expect(usage).toMatchObject({
    blobs: 6,
    unusedBlobs: 1,
    unusedBytes: 6,
    ingestBytes: 0,
    quarantineBytes: 0,
  });
  const [first, second] = usage.images;
  // The config, {}, is shared too.
  expect([first?.name, first?.sharedBytes, second?.name, second?.sharedBytes]).toEqual(["a:1", 7, "a:2", 7]);
  expect((first?.bytes ?? 0) + (second?.bytes ?? 0) - 7 + 6).toBe(usage.bytes);
});
