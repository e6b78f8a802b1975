import { createHash } from "node:crypto";
import { mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { diskSha256 } from "./disk-digest.ts";
import { copyDisk } from "./sparse-copy.ts";

const bytes = 64 * 2 ** 20;
const dataRegions = [
  { offset: 4096, length: 5 * 2 ** 20 },
  { offset: 40 * 2 ** 20, length: 4096 },
];
const live = new AbortController().signal;

let directory: string;
let disk: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "sparse-copy-"));
  disk = join(directory, "disk");
  const file = await open(disk, "wx");
  for (const { offset, length } of dataRegions)
    await file.write(Buffer.alloc(length, "data"), 0, length, offset);
  await file.truncate(bytes);
  await file.close();
});
afterEach(() => rm(directory, { recursive: true }));

test("a copy has the same bytes and the same holes", async () => {
  const copy = join(directory, "copy");
  await copyDisk(disk, copy, { bytes, dataRegions }, live);
  expect((await readFile(copy)).equals(await readFile(disk))).toBe(true);
  expect((await stat(copy)).blocks).toBeLessThanOrEqual((await stat(disk)).blocks + 16);
});

test("the sha256 is that of all bytes, holes included", async () => {
  const expected = createHash("sha256")
    .update(await readFile(disk))
    .digest("hex");
  expect(await diskSha256(disk, { bytes, dataRegions }, live)).toBe(expected);
});

test("a copy that is cancelled leaves nothing", async () => {
  await expect(
    copyDisk(disk, join(directory, "copy"), { bytes, dataRegions }, AbortSignal.abort()),
  ).rejects.toThrow("aborted");
  expect(await readdir(directory)).toEqual(["disk"]);
});

test("a source that is too short leaves nothing and is a typed error", async () => {
  const regions = [{ offset: bytes - 10, length: 20 }];
  await expect(
    copyDisk(disk, join(directory, "copy"), { bytes: bytes + 10, dataRegions: regions }, live),
  ).rejects.toMatchObject({ code: "FILE_FAILED" });
  expect(await readdir(directory)).toEqual(["disk"]);
});
