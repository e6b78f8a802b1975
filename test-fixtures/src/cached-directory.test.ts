import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cachedDirectory } from "./cached-directory.ts";

let parent = "";
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "bootlayer-test-"));
});
afterEach(async () => {
  await rm(parent, { recursive: true });
});

test("of several that ask at once, one builds", async () => {
  let builds = 0;
  const build = async (directory: string) => {
    builds += 1;
    await writeFile(join(directory, "file"), "");
  };
  const path = join(parent, "made");
  await Promise.all([1, 2, 3].map(async () => await cachedDirectory(path, build)));
  expect(builds).toBe(1);
  expect(await readdir(path)).toEqual(["file"]);
  expect(await readdir(parent)).toEqual(["made"]);
});

test("a build that fails leaves nothing, and the next attempt builds", async () => {
  const path = join(parent, "made");
  const failing = cachedDirectory(path, async () => {
    throw new Error("no network");
  });
  await expect(failing).rejects.toThrow("no network");
  expect(await readdir(parent)).toEqual([]);
  await cachedDirectory(path, async () => {});
  expect(await readdir(parent)).toEqual(["made"]);
});

test("the lock of a process that is gone holds nobody up", async () => {
  const path = join(parent, "made");
  // Above the largest process id that Linux gives.
  await writeFile(`${path}.lock`, String(2 ** 22 + 1));
  await cachedDirectory(path, async () => {});
  expect(await readdir(parent)).toEqual(["made"]);
});
