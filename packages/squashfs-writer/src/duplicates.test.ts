import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContentShape, DirectoryNode } from "@bootlayer/rootfs-tree";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSquashfsImage, type SquashfsOptions } from "./index.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "duplicates-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const emptyRoot: DirectoryNode = {
  kind: "directory",
  attributes: { mode: 0o755, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() },
  entries: new Map(),
};

interface Stored {
  readonly bytes: number;
  readonly duplicateFiles: number;
  readonly duplicateBytes: number;
  readonly blocks: number;
  readonly contentDropped: number;
}

/** Stores files of these contents, gives the tree none of them, and answers what was stored. */
async function store(
  options: SquashfsOptions,
  ...files: readonly (Uint8Array | { shape: ContentShape; data: Uint8Array })[]
): Promise<Stored> {
  const writer = await createSquashfsImage(join(directory, "image"), {
    compression: { kind: "lz4" },
    blockSize: 4096,
    threads: 0,
    ...options,
  });
  const handles = [];
  for (const file of files) {
    const { shape, data } = "shape" in file ? file : { shape: { size: file.length }, data: file };
    const sink = writer.openContent(shape);
    await sink.write(data);
    handles.push(sink.close());
  }
  expect(new Set(handles).size).toBe(files.length);
  const { bytes, duplicateFiles, duplicateBytes, compressedBlocks, rawBlocks, contentDropped } =
    await writer.finish(emptyRoot);
  return { bytes, duplicateFiles, duplicateBytes, blocks: compressedBlocks + rawBlocks, contentDropped };
}

test.each([
  ["in a fragment", 1000],
  ["of one block", 4096],
  ["of blocks and an end", 50_000],
  ["that is not held in memory", 9 << 20],
])("a file %s is stored once", async (_, length) => {
  const file = randomBytes(length);
  const once = await store({}, file);
  const again = await store({}, file, file, file);
  expect(again).toEqual({ ...once, duplicateFiles: 2, duplicateBytes: 2 * length });
  expect(once).toMatchObject({ duplicateFiles: 0, contentDropped: length });
});

test("files that begin alike are told apart, held in memory or not", async () => {
  for (const length of [60_000, 9 << 20]) {
    const file = randomBytes(length);
    const other = Buffer.from(file);
    other[length - 1] = (other[length - 1] ?? 0) ^ 1;
    const result = await store({}, file, other, file, other);
    expect(result).toMatchObject({ duplicateFiles: 2, contentDropped: 2 * length });
  }
});

test("holes and zeros that were written are the same", async () => {
  const data = randomBytes(5000);
  const written = Buffer.concat([Buffer.alloc(40_960), data, Buffer.alloc(9000)]);
  const shape = { size: written.length, dataRegions: [{ offset: 40_960, length: 5000 }] };
  const result = await store({}, written, { shape, data });
  expect(result).toMatchObject({ duplicateFiles: 1, duplicateBytes: written.length, blocks: 2 });
});

test("holes at other places make another file", async () => {
  const data = randomBytes(4096);
  const shapes = [0, 4096, 8192].map((offset) => ({
    shape: { size: 12_288, dataRegions: [{ offset, length: 4096 }] },
    data,
  }));
  expect(await store({}, ...shapes)).toMatchObject({ duplicateFiles: 0, blocks: 3 });
});

test("ends of files that are the same are stored once, though the files are not", async () => {
  const end = randomBytes(1000);
  const files = [Buffer.concat([randomBytes(4096), end]), Buffer.concat([randomBytes(4096), end]), end];
  expect(await store({}, ...files)).toMatchObject({ blocks: 3, duplicateFiles: 1 });
});

test("without fragments small files are stored once too", async () => {
  const file = randomBytes(1000);
  expect(await store({ fragments: false }, file, file)).toMatchObject({
    blocks: 1,
    duplicateFiles: 1,
  });
});

test("they are stored again if so asked", async () => {
  const file = randomBytes(9000);
  expect(await store({ deduplicate: false }, file, file)).toMatchObject({
    blocks: 5,
    duplicateFiles: 0,
  });
});

test("zeros are not stored, and have no fragment", async () => {
  const zeros = Buffer.alloc(10_000);
  expect(await store({ deduplicate: false }, zeros, zeros.subarray(0, 100))).toMatchObject({
    blocks: 0,
  });
});
