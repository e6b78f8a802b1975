import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openArtifactFile } from "./artifact-file.ts";
import type { ArtifactStore, ByteRange } from "./artifact-store.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";

const never = new AbortController().signal;
const mebibyte = 2 ** 20;
const disk = Buffer.alloc(20 * mebibyte + 5);
disk.write("begin", 0);
disk.write("near", mebibyte);
disk.write("far", 12 * mebibyte);
const artifact = {
  key: "ab".repeat(32),
  format: "ext4" as const,
  bytes: disk.length,
  sha256: "",
  dataRegions: [
    [0, 4096],
    [mebibyte, 4096],
    [12 * mebibyte, 4096],
  ] as const,
};

async function keep(): Promise<{ store: ArtifactStore; directory: string; location: string }> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-artifact-file-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const store = await openLocalArtifacts(directory);
  const staged = await store.stage(artifact.key, artifact.format);
  await writeFile(staged.path, disk);
  return { store, directory, location: await store.keep(staged, artifact, never) };
}

test("a disk of this machine is where it lies, and stays there", async () => {
  const { store, directory, location } = await keep();
  const file = await openArtifactFile(store, { ...artifact, location }, never);
  expect(file.path).toBe(join(directory, location));
  await file[Symbol.asyncDispose]();
  expect((await readFile(file.path)).equals(disk)).toBe(true);
});

test("a disk from elsewhere is brought with its holes, in few requests, and leaves nothing", async () => {
  const { store, directory, location } = await keep();
  const ranges: ByteRange[] = [];
  const { pathOf: _pathOf, ...rest } = store;
  const remote: ArtifactStore = {
    ...rest,
    open: async (location, range, signal) => {
      ranges.push(range);
      return await store.open(location, range, signal);
    },
  };
  const before = await readdir(directory, { recursive: true });
  {
    await using file = await openArtifactFile(remote, { ...artifact, location }, never);
    expect((await readFile(file.path)).equals(disk)).toBe(true);
  }
  expect(ranges).toEqual([
    { start: 0, end: mebibyte + 4096 },
    { start: 12 * mebibyte, end: 12 * mebibyte + 4096 },
  ]);
  const failing: ArtifactStore = {
    ...remote,
    open: async () => {
      throw new Error("gone");
    },
  };
  await expect(openArtifactFile(failing, { ...artifact, location }, never)).rejects.toThrow("gone");
  expect(await readdir(directory, { recursive: true })).toEqual(before);
});
