import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownerTag } from "@bootlayer/durable-file";
import { digestOf, mediaTypes, type Descriptor, type Digest } from "@bootlayer/image-spec";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { deadOwner, ownerElsewhere, put, putImage, temporaryStore } from "../integration/store-fixtures.ts";
import {
  collectGarbage,
  hasBlob,
  holdBlobs,
  storeUsage,
  tagImage,
  untagImage,
  type BlobStore,
} from "./index.ts";
import { blobPath } from "./layout.ts";
import { withLock } from "./lock.ts";
import { partialPath } from "./partial.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

const now = { graceMilliseconds: 0 };

async function putIndex(manifests: readonly Descriptor[]): Promise<Descriptor> {
  return put(store, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }, mediaTypes.ociIndex);
}

async function stored(): Promise<Digest[]> {
  const names = await readdir(join(store.directory, "blobs/sha256"));
  return names.map((name) => `sha256:${name}` as Digest);
}

test("what an image is made of stays, what none is goes, and the sum is told", async () => {
  const [kept, garbage] = [await put(store, "kept"), await put(store, "garbage")];
  const image = await putImage(store, [kept]);
  await tagImage(store, "a:1", image);
  const report = await collectGarbage(store, now);
  expect(report).toMatchObject({ freedBytes: 7, keptBlobs: 3, removedLeavings: [] });
  expect(report.removed).toEqual([{ digest: garbage.digest, size: 7 }]);
  expect(await hasBlob(store, garbage)).toBe(false);
  expect(report.keptBytes).toBe((await storeUsage(store)).bytes);
});

test("layers that several images share go with the last of them", async () => {
  const [shared, own] = [await put(store, "shared"), await put(store, "own")];
  await tagImage(store, "a:1", await putImage(store, [shared]));
  await tagImage(store, "a:2", await putImage(store, [shared, own]));
  await untagImage(store, "a:2");
  expect((await collectGarbage(store, now)).removed.map(({ size }) => size)).toContain(own.size);
  expect(await hasBlob(store, shared)).toBe(true);
  await untagImage(store, "a:1");
  await collectGarbage(store, now);
  expect(await stored()).toEqual([]);
});

test("an index keeps what it names, nested too, and a platform that was not pulled hinders nothing", async () => {
  const image = await putImage(store, [await put(store, "layer")]);
  const missing = { ...image, digest: digestOf(Buffer.from("elsewhere")) };
  const index = await putIndex([missing, await putIndex([image])]);
  await tagImage(store, "a:1", index);
  expect((await collectGarbage(store, now)).removed).toEqual([]);
});

test("indexes in a circle and an index of itself end", async () => {
  // A digest cannot be of a document that holds it: another tool has put the wrong bytes under that name.
  const forged = { mediaType: mediaTypes.ociIndex, digest: digestOf(Buffer.from("x")), size: 1 };
  const index = await putIndex([forged, forged]);
  await writeFile(blobPath(store, forged.digest), JSON.stringify({ schemaVersion: 2, manifests: [index] }));
  await tagImage(store, "a:1", index);
  expect((await collectGarbage(store, now)).removed).toEqual([]);
});

test("entries without a name, of other tools, are kept", async () => {
  const image = await putImage(store, []);
  await writeFile(
    join(store.directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [image] }),
  );
  expect((await collectGarbage(store, now)).removed).toEqual([]);
});

test("what refers to a kept manifest is kept with all of it, and goes with it", async () => {
  const image = await putImage(store, []);
  const signature = await putImage(store, [await put(store, "signature")], { subject: image });
  await putImage(store, [await put(store, "countersignature")], { subject: signature });
  await tagImage(store, "a:1", image);
  expect((await collectGarbage(store, now)).removed).toEqual([]);
  await untagImage(store, "a:1");
  await collectGarbage(store, now);
  expect(await stored()).toEqual([]);
});

test("what is younger than the grace stays, and is told apart from what is needed", async () => {
  await tagImage(store, "a:1", await putImage(store, [await put(store, "kept")]));
  const [young, old] = [await put(store, "young"), await put(store, "older")];
  await utimes(blobPath(store, old.digest), 0, Date.now() / 1000 - 3601);
  const report = await collectGarbage(store);
  expect(report.removed.map(({ digest }) => digest)).toEqual([old.digest]);
  expect(report).toMatchObject({ keptBlobs: 4, youngBlobs: 1, youngBytes: 5 });
  expect(await hasBlob(store, young)).toBe(true);
});

test("a dry run removes nothing and tells the same", async () => {
  await put(store, "garbage");
  await writeFile(partialPath(store, digestOf(Buffer.from("x"))), "part");
  const dry = await collectGarbage(store, { ...now, dryRun: true });
  expect(dry).toMatchObject({ freedBytes: 11, keptBlobs: 0 });
  expect(await collectGarbage(store, now)).toEqual(dry);
  expect(await readdir(store.ingestDirectory)).toEqual([]);
});

test("without grace, what was written in the very millisecond of the call goes too", async () => {
  const path = partialPath(store, digestOf(Buffer.from("x")));
  await writeFile(path, "part");
  const seconds = Math.floor(Date.now() / 1000);
  await utimes(path, seconds, seconds + 0.0009);
  const clock = vi.spyOn(Date, "now").mockReturnValue(seconds * 1000);
  onTestFinished(() => clock.mockRestore());
  expect(await collectGarbage(store, now)).toMatchObject({ freedBytes: 4 });
});

test("an index.json that is damaged: nothing is removed", async () => {
  const garbage = await put(store, "garbage");
  await writeFile(join(store.directory, "index.json"), "{");
  await expect(collectGarbage(store, now)).rejects.toMatchObject({ code: "DOCUMENT_INVALID" });
  expect(await hasBlob(store, garbage)).toBe(true);
});

test("ingest files, leases and claims of processes that are gone go, those of living ones stay", async () => {
  const digest = digestOf(Buffer.from("x"));
  await writeFile(partialPath(store, digest, deadOwner()), "12345");
  await writeFile(partialPath(store, digest), "123");
  await writeFile(partialPath(store, digest, ownerTag()), "");
  await writeFile(partialPath(store, digest, ownerElsewhere()), "");
  await writeFile(join(store.leaseDirectory, `${deadOwner()}.lease`), "{}");
  await writeFile(join(store.lockDirectory, `sha256-x.${deadOwner()}.lock`), "");
  await using lease = await holdBlobs(store, [digest]);
  const report = await collectGarbage(store, now);
  expect(report.removedLeavings).toHaveLength(4);
  expect(report.freedBytes).toBe(10);
  expect(await readdir(store.ingestDirectory)).toHaveLength(2);
  expect(await readdir(store.leaseDirectory)).toHaveLength(1);
  expect(await readdir(store.lockDirectory)).toEqual([]);
  await lease.release();
});

test.for([{ graceMilliseconds: -1 }, { graceMilliseconds: NaN }])("%o is STORE_OPTIONS", async (options) => {
  await expect(collectGarbage(store, options)).rejects.toMatchObject({ code: "STORE_OPTIONS" });
});

describe("a lease", () => {
  test("keeps what it names, and what is below, until it is released", async () => {
    const image = await putImage(store, [await put(store, "layer")]);
    const blob = await put(store, "blob");
    const lease = await holdBlobs(store, [image.digest]);
    await lease.add(blob.digest);
    expect((await collectGarbage(store, now)).removed).toEqual([]);
    await lease.release();
    await lease.renew();
    await collectGarbage(store, now);
    expect(await stored()).toEqual([]);
    expect(await readdir(store.leaseDirectory)).toEqual([]);
  });

  test("renews itself, and ends when it was not renewed in time", async () => {
    const blob = await put(store, "blob");
    const lease = await holdBlobs(store, [blob.digest], { ttlMilliseconds: 60 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    await lease.renew();
    const [name = ""] = await readdir(store.leaseDirectory);
    const path = join(store.leaseDirectory, name);
    const { expires } = JSON.parse(await readFile(path, "utf8")) as { expires: number };
    expect(expires).toBeGreaterThan(Date.now());
    await lease.release();
    await writeFile(path, JSON.stringify({ expires: Date.now() - 1, digests: [blob.digest] }));
    expect((await collectGarbage(store, now)).removed).toHaveLength(1);
  });

  test("of a process elsewhere counts until it expires; one that was cut counts for nothing", async () => {
    const blob = await put(store, "blob");
    const elsewhere = join(store.leaseDirectory, `${ownerElsewhere()}.lease`);
    await writeFile(elsewhere, JSON.stringify({ expires: Date.now() + 60_000, digests: [blob.digest] }));
    expect((await collectGarbage(store, now)).removed).toEqual([]);
    await writeFile(elsewhere, "");
    expect((await collectGarbage(store, now)).removed).toHaveLength(1);
    expect(await readdir(store.leaseDirectory)).toEqual([]);
  });

  test("lasts longer than none and at most a week", async () => {
    for (const ttlMilliseconds of [0, NaN, 8 * 86_400_000])
      await expect(holdBlobs(store, [], { ttlMilliseconds })).rejects.toMatchObject({
        code: "STORE_OPTIONS",
      });
  });
});

describe("a pull that garbage is collected beside, between its look for a blob and its name", () => {
  test("keeps what it held before it looked", async () => {
    const layer = await put(store, "layer");
    const image = await putImage(store, [layer]);
    await using lease = await holdBlobs(store, [image.digest, layer.digest]);
    expect(await hasBlob(store, layer)).toBe(true);
    await collectGarbage(store, now);
    await tagImage(store, "a:1", image);
    await lease.release();
    expect((await collectGarbage(store, now)).removed).toEqual([]);
  });

  test("that takes its lease while blobs are collected has them removed before it looks, or not at all", async () => {
    const layer = await put(store, "layer");
    const image = await putImage(store, [layer]);
    let collecting: Promise<unknown> = Promise.resolve();
    let holding: Promise<void> = Promise.resolve();
    await withLock(store.lockDirectory, "index.json", async () => {
      // The collector has made up its mind by now and waits for the lock, as does the lease.
      collecting = collectGarbage(store, now);
      await new Promise((resolve) => setTimeout(resolve, 50));
      holding = holdBlobs(store, [image.digest, layer.digest]).then(async (lease) => {
        const present = [await hasBlob(store, image), await hasBlob(store, layer)];
        await collecting;
        expect([await hasBlob(store, image), await hasBlob(store, layer)]).toEqual(present);
        await lease.release();
      });
      await new Promise((resolve) => setTimeout(resolve, 20));
    });
    await Promise.all([collecting, holding]);
  });

  test("whose lease stood in no time gets no name for an image that is no longer whole", async () => {
    const layer = await put(store, "layer");
    const image = await putImage(store, [layer]);
    await rm(blobPath(store, layer.digest));
    await expect(tagImage(store, "a:1", image)).rejects.toMatchObject({
      code: "STORE_BLOB_MISSING",
      message: expect.stringContaining(layer.digest),
    });
  });
});
