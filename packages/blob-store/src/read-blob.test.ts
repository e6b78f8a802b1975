import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOf, type Descriptor } from "@bootlayer/image-spec";
import { beforeEach, expect, test } from "vitest";
import { collect, temporaryStore } from "../integration/store-fixtures.ts";
import { hasBlob, readBlob, readDocument, type BlobStore } from "./index.ts";
import { blobPath } from "./layout.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

/** A blob as another tool would have left it. */
async function plant(bytes: Uint8Array): Promise<Descriptor & { readonly path: string }> {
  const digest = digestOf(bytes);
  const path = blobPath(store, digest);
  await writeFile(path, bytes);
  return { mediaType: "application/octet-stream", digest, size: bytes.length, path };
}

async function openFiles(): Promise<readonly string[]> {
  const descriptors = await readdir("/proc/self/fd");
  return Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
}

const mebibyte = 2 ** 20;
test.for([0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte, 3 * mebibyte + 5])(
  "a blob of %i bytes is read as it is",
  async (size) => {
    const bytes = randomBytes(size);
    expect((await collect(readBlob(store, await plant(bytes)))).equals(bytes)).toBe(true);
  },
);

test("a chunk keeps its bytes until the next one is asked for", async () => {
  const bytes = randomBytes(4 * mebibyte);
  let position = 0;
  for await (const chunk of readBlob(store, await plant(bytes))) {
    // Time for the read ahead to go wrong in.
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(bytes.subarray(position, position + chunk.length).equals(chunk)).toBe(true);
    position += chunk.length;
  }
  expect(position).toBe(bytes.length);
});

test("a reader may stop in the middle", async () => {
  const blob = await plant(randomBytes(5 * mebibyte));
  for (let round = 0; round < 50; round++)
    for await (const chunk of readBlob(store, blob)) {
      expect(chunk.length).toBe(mebibyte);
      break;
    }
});

test.runIf(process.platform === "linux")("whoever stops reading leaves no file open", async () => {
  const blob = await plant(randomBytes(5 * mebibyte));
  for await (const _ of readBlob(store, blob)) {
    expect(await openFiles()).toContain(blob.path);
    break;
  }
  expect(await openFiles()).not.toContain(blob.path);
});

test("an aborted read rejects with the signal's reason", async () => {
  const blob = await plant(randomBytes(3 * mebibyte));
  const controller = new AbortController();
  const reason = new Error("enough");
  const chunks = readBlob(store, blob, controller.signal);
  await chunks.next();
  controller.abort(reason);
  await expect(chunks.next()).rejects.toBe(reason);
  await expect(readBlob(store, blob, AbortSignal.abort(reason)).next()).rejects.toBe(reason);
});

test("a blob that is not there is STORE_BLOB_MISSING and names its digest", async () => {
  const digest = digestOf(Buffer.from("absent"));
  expect(await hasBlob(store, { digest, size: 6 })).toBe(false);
  await expect(readBlob(store, { digest, size: 6 }).next()).rejects.toMatchObject({
    code: "STORE_BLOB_MISSING",
    message: expect.stringContaining(digest),
  });
});

test("a blob of another size than its descriptor's is not there, and damaged to a reader", async () => {
  const blob = await plant(Buffer.from("blob"));
  expect(await hasBlob(store, blob)).toBe(true);
  expect(await hasBlob(store, { ...blob, size: 5 })).toBe(false);
  await expect(readBlob(store, { ...blob, size: 5 }).next()).rejects.toMatchObject({
    code: "STORE_BLOB_DAMAGED",
  });
});

test("a blob that is cut while it is read is STORE_BLOB_DAMAGED", async () => {
  const blob = await plant(randomBytes(6 * mebibyte));
  const chunks = readBlob(store, blob);
  await chunks.next();
  await truncate(blob.path, 3 * mebibyte + 10);
  await expect(collect(chunks)).rejects.toMatchObject({ code: "STORE_BLOB_DAMAGED" });
});

test("symlinks, directories and fifos in a blob's place are neither blobs nor waited for", async () => {
  const outside = Buffer.from("secret");
  await writeFile(join(store.directory, "outside"), outside);
  const wanted = { digest: digestOf(outside), size: outside.length };
  const path = blobPath(store, wanted.digest);
  for (const make of [
    () => symlink(join(store.directory, "outside"), path),
    () => mkdir(path),
    async () => void execFileSync("mkfifo", [path]),
  ]) {
    await make();
    expect(await hasBlob(store, wanted)).toBe(false);
    await expect(readBlob(store, wanted).next()).rejects.toMatchObject({ code: "STORE_BLOB_DAMAGED" });
    await rm(path, { recursive: true });
  }
});

test("a layout whose directory of blobs is a file has no blobs", async () => {
  const wanted = { digest: digestOf(Buffer.from("x")), size: 1 };
  await rm(dirname(blobPath(store, wanted.digest)), { recursive: true });
  await writeFile(dirname(blobPath(store, wanted.digest)), "");
  expect(await hasBlob(store, wanted)).toBe(false);
  await expect(readBlob(store, wanted).next()).rejects.toMatchObject({ code: "STORE_BLOB_MISSING" });
});

test("a document is checked against its digest", async () => {
  const blob = await plant(Buffer.from("{}"));
  expect(Buffer.from(await readDocument(store, blob)).toString()).toBe("{}");
  await writeFile(blob.path, "[]");
  await expect(readDocument(store, blob)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
});

test("a document longer than any honest one is refused before it is read", async () => {
  const digest = digestOf(Buffer.from("absent"));
  await expect(readDocument(store, { digest, size: 4 * mebibyte + 1 })).rejects.toMatchObject({
    code: "DOCUMENT_TOO_LARGE",
  });
});
