import { mkdir, mkdtemp, open, readdir, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { ownerTag } from "@bootlayer/durable-file";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ArtifactStore, ArtifactToKeep, StagedArtifact } from "./artifact-store.ts";
import { openLocalArtifacts } from "./local-artifacts.ts";

const key = "ab".repeat(32);
const never = new AbortController().signal;

let directory: string;
let store: ArtifactStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-artifacts-"));
  store = await openLocalArtifacts(directory);
});
afterEach(async () => rm(directory, { recursive: true, force: true }));

async function stageDisk(text = "a disk"): Promise<{ staged: StagedArtifact; artifact: ArtifactToKeep }> {
  const staged = await store.stage(key, "ext4");
  await writeFile(staged.path, text);
  const sha256 = createHash("sha256").update(text).digest("hex");
  return {
    staged,
    artifact: { key, format: "ext4", bytes: text.length, sha256, dataRegions: [[0, text.length]] },
  };
}

async function readAll(location: string, start: number, end: number): Promise<string> {
  const pieces = await Array.fromAsync(await store.open(location, { start, end }, never));
  return Buffer.concat(pieces).toString();
}

test("a staged disk is not listed, a kept one is, and its staging is gone", async () => {
  const { staged, artifact } = await stageDisk();
  expect(await Array.fromAsync(store.list())).toEqual([]);
  const location = await store.keep(staged, artifact, never);
  expect(await Array.fromAsync(store.list())).toMatchObject([{ location, bytes: 6 }]);
  expect(await readdir(join(directory, "staging"))).toEqual([]);
});

test("any range of a kept disk is read, an empty one too", async () => {
  const { staged, artifact } = await stageDisk();
  const location = await store.keep(staged, artifact, never);
  expect(await readAll(location, 0, 6)).toBe("a disk");
  expect(await readAll(location, 2, 4)).toBe("di");
  expect(await readAll(location, 3, 3)).toBe("");
});

test("holes of a kept disk stay holes", async () => {
  const staged = await store.stage(key, "ext4");
  const file = await open(staged.path, "w");
  await file.write("end", 64 * 2 ** 20);
  await file.close();
  const bytes = 64 * 2 ** 20 + 3;
  const location = await store.keep(
    staged,
    { key, format: "ext4", bytes, sha256: "", dataRegions: [[64 * 2 ** 20, 3]] },
    never,
  );
  const { size, blocks } = await stat(join(directory, location));
  expect(size).toBe(bytes);
  expect(blocks * 512).toBeLessThan(2 ** 20);
});

test("a place whose directory is gone does not check out, and its disks are not said to be gone", async () => {
  const { staged, artifact } = await stageDisk();
  const location = await store.keep(staged, artifact, never);
  await store.check();
  await rm(directory, { recursive: true });
  await expect(store.check()).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(store.open(location, { start: 0, end: 6 }, never)).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
  });
});

test("to keep twice is to keep once: who was killed in between may do it again", async () => {
  const { staged, artifact } = await stageDisk();
  const location = await store.keep(staged, artifact, never);
  expect(await store.keep(staged, artifact, never)).toBe(location);
  const again = await stageDisk();
  expect(await store.keep(again.staged, again.artifact, never)).toBe(location);
  expect(await readAll(location, 0, 6)).toBe("a disk");
});

test("a staged disk of another length than it should have is not kept", async () => {
  const { staged, artifact } = await stageDisk();
  await expect(store.keep(staged, { ...artifact, bytes: 7 }, never)).rejects.toMatchObject({
    code: "ARTIFACT_STORE",
  });
  expect(await Array.fromAsync(store.list())).toEqual([]);
});

test("a reader reads to the end what is removed under it; the next one is told that it is gone", async () => {
  const { staged, artifact } = await stageDisk();
  const location = await store.keep(staged, artifact, never);
  const reader = await store.open(location, { start: 0, end: 6 }, never);
  await store.remove(location);
  await store.remove(location);
  expect(Buffer.concat(await Array.fromAsync(reader)).toString()).toBe("a disk");
  await expect(store.open(location, { start: 0, end: 6 }, never)).rejects.toMatchObject({
    code: "ARTIFACT_NOT_FOUND",
  });
});

test("a disk that was opened and is not wanted after all is closed", async () => {
  const { staged, artifact } = await stageDisk();
  const location = await store.keep(staged, artifact, never);
  const isOpen = async (): Promise<boolean> => {
    const files = await readdir("/proc/self/fd");
    const paths = await Promise.all(files.map((file) => readlink(`/proc/self/fd/${file}`).catch(() => "")));
    return paths.includes(join(directory, location));
  };
  const wanted = Readable.from(await store.open(location, { start: 0, end: 6 }, never));
  expect(await isOpen()).toBe(true);
  wanted.destroy();
  await expect.poll(isOpen).toBe(false);
});

test.each(["../tokens", "/etc/passwd", `${key}.ext4/../x`, "staging", ""])(
  "the location %j leads nowhere",
  async (location) => {
    await expect(store.open(location, { start: 0, end: 1 }, never)).rejects.toMatchObject({
      code: "ARTIFACT_NOT_FOUND",
    });
    await expect(store.remove(location)).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
  },
);

test("discard leaves nothing, and other files of the directory are not disks", async () => {
  const { staged } = await stageDisk();
  await staged.discard();
  await staged.discard();
  await writeFile(join(directory, "notes.txt"), "");
  expect(await readdir(join(directory, "staging"))).toEqual([]);
  expect(await Array.fromAsync(store.list())).toEqual([]);
});

test("what a killed server staged is swept, what a living one stages is not", async () => {
  const { staged } = await stageDisk();
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  const tag = ownerTag().replace(`-${process.pid}-`, `-${gone}-`);
  await mkdir(join(directory, "staging", `${key}.ext4.${tag}`));
  expect(await store.sweep()).toBe(1);
  expect((await stat(staged.path)).size).toBe(6);
});

test("what a server of another machine stages is swept after a day without a write", async () => {
  const tag = ownerTag().replace(/^[0-9a-f]{8}/, "00000000");
  const foreign = join(directory, "staging", `${key}.ext4.${tag}`);
  await mkdir(foreign);
  await writeFile(join(foreign, "disk"), "");
  expect(await store.sweep()).toBe(0);
  await utimes(foreign, 0, 0);
  expect(await store.sweep()).toBe(0);
  await utimes(join(foreign, "disk"), 0, 0);
  expect(await store.sweep()).toBe(1);
});
