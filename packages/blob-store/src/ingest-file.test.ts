import { randomBytes } from "node:crypto";
import { access, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@bootlayer/image-spec";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hasBlob, ingestBytes, ingestFile, openBlobRange, openBlobStore, type BlobStore } from "./index.ts";
import { blobPath } from "./layout.ts";

let root: string;
let store: BlobStore;
let file: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ingest-file-"));
  store = await openBlobStore(join(root, "store"));
  file = join(root, "upload");
});
afterEach(() => rm(root, { recursive: true }));

const bytes = randomBytes(300_000);
const blob = { digest: digestOf(bytes), size: bytes.length };

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

test("a file is moved to its blob's place, not copied, and is read-only there", async () => {
  await writeFile(file, bytes);
  const { ino } = await stat(file);
  await ingestFile(store, blob, file);
  expect(await isThere(file)).toBe(false);
  const placed = await stat(blobPath(store, blob.digest));
  expect(placed.ino).toBe(ino);
  expect(placed.mode & 0o777).toBe(0o444);
});

test("from another file system a file is copied, and removed", async () => {
  const elsewhere = await mkdtemp("/dev/shm/ingest-file-");
  try {
    const path = join(elsewhere, "upload");
    await writeFile(path, bytes);
    await ingestFile(store, blob, path);
    expect((await readFile(blobPath(store, blob.digest))).equals(bytes)).toBe(true);
    expect(await readdir(elsewhere)).toEqual([]);
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});

test("a file of another length than the blob's is refused and stays", async () => {
  await writeFile(file, bytes.subarray(1));
  await expect(ingestFile(store, blob, file)).rejects.toMatchObject({ code: "BLOB_SIZE" });
  expect(await isThere(file)).toBe(true);
  expect(await hasBlob(store, blob)).toBe(false);
});

test("of two files of one blob at once both succeed, and neither is left", async () => {
  const files = [file, `${file}-2`];
  for (const path of files) await writeFile(path, bytes);
  await Promise.all(files.map((path) => ingestFile(store, blob, path)));
  expect(await hasBlob(store, blob)).toBe(true);
  for (const path of files) expect(await isThere(path)).toBe(false);
});

test("what lies wrongly in the blob's place goes to the quarantine", async () => {
  await writeFile(file, bytes);
  await mkdir(join(store.directory, "blobs/sha256"), { recursive: true });
  await writeFile(blobPath(store, blob.digest), "");
  await ingestFile(store, blob, file);
  expect(await hasBlob(store, blob)).toBe(true);
  expect(await readdir(store.quarantineDirectory)).toHaveLength(1);
});

test.each([
  [0, bytes.length],
  [0, 1],
  [299_999, 300_000],
  [100, 100],
  [5, 299_000],
])("a range from %d to %d has those bytes", async (start, end) => {
  await ingestBytes(store, blob, bytes);
  const read = Buffer.concat(await Array.fromAsync(await openBlobRange(store, blob, { start, end })));
  expect(read.equals(bytes.subarray(start, end))).toBe(true);
});
