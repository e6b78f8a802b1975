import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listImages, openBlobStore, openLayout } from "./index.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blob-store-"));
});
afterEach(() => rm(directory, { recursive: true }));

const layoutText = '{"imageLayoutVersion":"1.0.0"}';

test("a new store is a valid, empty image layout", async () => {
  const store = await openBlobStore(join(directory, "deep/store"));
  expect((await readdir(store.directory)).toSorted()).toEqual([
    ".bootlayer",
    "blobs",
    "index.json",
    "oci-layout",
  ]);
  expect(await readFile(join(store.directory, "oci-layout"), "utf8")).toBe(layoutText);
  expect(await listImages(await openLayout(store.directory))).toEqual([]);
});

test("a store that was made in part is completed, and what is there stays", async () => {
  await mkdir(join(directory, ".bootlayer/ingest"), { recursive: true });
  await mkdir(join(directory, "blobs"));
  const index = '{"schemaVersion":2,"manifests":[],"annotations":{"made":"before"}}';
  await writeFile(join(directory, "index.json"), index);
  const store = await openBlobStore(directory);
  expect(await readFile(join(store.directory, "index.json"), "utf8")).toBe(index);
  expect(await readFile(join(store.directory, "oci-layout"), "utf8")).toBe(layoutText);
});

test("several that make one store at once all get it", async () => {
  const stores = await Promise.all([1, 2, 3, 4].map(() => openBlobStore(directory)));
  expect(new Set(stores.map((store) => store.directory))).toEqual(new Set([directory]));
  expect(await readdir(join(directory, ".bootlayer/ingest"))).toEqual([]);
});

test("a directory that holds other things and is no layout is refused and left alone", async () => {
  await writeFile(join(directory, "thesis.txt"), "");
  await expect(openBlobStore(directory)).rejects.toMatchObject({
    code: "STORE_INVALID",
    message: expect.stringContaining("thesis.txt"),
  });
  expect(await readdir(directory)).toEqual(["thesis.txt"]);
});

test("a layout that another tool made, with files of its own, is taken as a store", async () => {
  await writeFile(join(directory, "oci-layout"), layoutText);
  await writeFile(join(directory, "notes"), "");
  expect(await listImages(await openBlobStore(directory))).toEqual([]);
});

test("a file in the place of the store is FILE_EXISTS", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(openBlobStore(join(directory, "file"))).rejects.toMatchObject({ code: "FILE_EXISTS" });
});

test.for([
  ["of another version", '{"imageLayoutVersion":"2.0.0"}'],
  ["without a version", "{}"],
  ["that is no JSON", "1.0.0"],
  ["that is too long", layoutText + " ".repeat(100_000)],
])("an oci-layout %s is STORE_INVALID", async ([, text]) => {
  await writeFile(join(directory, "oci-layout"), text ?? "");
  await expect(openLayout(directory)).rejects.toMatchObject({ code: "STORE_INVALID" });
  await expect(openBlobStore(directory)).rejects.toMatchObject({ code: "STORE_INVALID" });
});

test("a directory without oci-layout, and none at all, is STORE_INVALID and names it", async () => {
  await expect(openLayout(directory)).rejects.toMatchObject({
    code: "STORE_INVALID",
    message: expect.stringContaining(directory),
  });
  await expect(openLayout(join(directory, "missing"))).rejects.toMatchObject({ code: "STORE_INVALID" });
});

test("an oci-layout or index.json that is a symlink is not followed", async () => {
  await writeFile(join(directory, "elsewhere"), layoutText);
  await symlink("elsewhere", join(directory, "oci-layout"));
  await expect(openLayout(directory)).rejects.toMatchObject({ code: "STORE_INVALID" });
  await rm(join(directory, "oci-layout"));
  await writeFile(join(directory, "oci-layout"), layoutText);
  await symlink("elsewhere", join(directory, "index.json"));
  await expect(listImages(await openLayout(directory))).rejects.toMatchObject({ code: "STORE_INVALID" });
});
