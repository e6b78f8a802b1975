import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createDurableFile,
  makeDirectory,
  removeAllStaleTemporaries,
  removeStaleTemporaries,
  writeDurableFile,
} from "./index.ts";
import { parseTemporaryName, temporaryName } from "./temporary-name.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "durable-file-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("until commit the file has no name of its own; after it, nothing but the file is there", async () => {
  const file = await createDurableFile(join(directory, "disk"));
  await file.handle.write("whole");
  expect(await readdir(directory)).not.toContain("disk");
  await file.commit();
  expect(await readdir(directory)).toEqual(["disk"]);
  expect(await readFile(join(directory, "disk"), "utf8")).toBe("whole");
});

test("discard leaves no trace and keeps the file that had the name", async () => {
  await writeFile(join(directory, "disk"), "old");
  const file = await createDurableFile(join(directory, "disk"));
  await file.handle.write("half");
  await file.discard();
  await file.discard();
  expect(await readdir(directory)).toEqual(["disk"]);
  expect(await readFile(join(directory, "disk"), "utf8")).toBe("old");
});

test("commit without replacing refuses a taken name and leaves the other file whole", async () => {
  const file = await createDurableFile(join(directory, "disk"));
  await writeFile(join(directory, "disk"), "theirs");
  await expect(file.commit({ replace: false })).rejects.toMatchObject({ code: "FILE_EXISTS" });
  expect(await readdir(directory)).toEqual(["disk"]);
  expect(await readFile(join(directory, "disk"), "utf8")).toBe("theirs");
});

test("a directory in the way is FILE_EXISTS, and the temporary is gone", async () => {
  await mkdir(join(directory, "disk"));
  const file = await createDurableFile(join(directory, "disk"));
  await expect(file.commit()).rejects.toMatchObject({ code: "FILE_EXISTS" });
  expect(await readdir(directory)).toEqual(["disk"]);
});

test("a missing directory is FILE_NOT_FOUND and names the path", async () => {
  await expect(createDurableFile(join(directory, "no/disk"))).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
    message: expect.stringContaining("no/disk"),
  });
});

test("a full device is FILE_NO_SPACE", async () => {
  const { fileError } = await import("./index.ts");
  const cause = Object.assign(new Error("write"), { code: "ENOSPC" });
  expect(fileError("write x", cause)).toMatchObject({ code: "FILE_NO_SPACE", cause });
});

test("a temporary whose process is gone is swept by the next writer of the same path, a living one's is not", async () => {
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  const mine = temporaryName("disk");
  const stale = mine.replace(`-${process.pid}-`, `-${gone}-`);
  await writeFile(join(directory, mine), "");
  await writeFile(join(directory, stale), "");
  await writeFile(join(directory, stale.replace(".disk.", ".other.")), "");
  expect(await removeStaleTemporaries(join(directory, "disk"))).toEqual([stale]);
});

test.skipIf(process.platform !== "linux")(
  "a temporary of a process id that was reused is swept",
  async () => {
    const startTicks = parseTemporaryName(temporaryName("disk"))?.startTicks ?? 0;
    expect(startTicks).toBeGreaterThan(0);
    const reused = temporaryName("disk").replace(`-${startTicks}-`, `-${startTicks - 1}-`);
    await writeFile(join(directory, reused), "");
    expect(await removeStaleTemporaries(join(directory, "disk"))).toEqual([reused]);
  },
);

test("a temporary of another machine is swept only after a day without a write", async () => {
  const foreign = temporaryName("disk").replace(/\.[0-9a-f]{8}-/, ".00000000-");
  await writeFile(join(directory, foreign), "");
  expect(await removeStaleTemporaries(join(directory, "disk"))).toEqual([]);
  await utimes(join(directory, foreign), 0, 0);
  expect(await removeStaleTemporaries(join(directory, "disk"))).toEqual([foreign]);
});

test("a name of the greatest length gets a temporary that fits", async () => {
  const file = await createDurableFile(join(directory, "x".repeat(255)));
  await file.commit();
  expect(await readdir(directory)).toEqual(["x".repeat(255)]);
});

test("a temporary kept in another directory is swept there and becomes the file here", async () => {
  const temporaryDirectory = join(directory, "ingest");
  await makeDirectory(temporaryDirectory);
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  const stale = temporaryName("disk").replace(`-${process.pid}-`, `-${gone}-`);
  await writeFile(join(temporaryDirectory, stale), "");
  const file = await createDurableFile(join(directory, "disk"), { temporaryDirectory });
  expect(await readdir(temporaryDirectory)).toEqual([basename(file.temporaryPath)]);
  await file.commit({ replace: false });
  expect(await readdir(temporaryDirectory)).toEqual([]);
  expect(await readdir(directory)).toEqual(["disk", "ingest"]);
});

test("a directory can be swept of the stale temporaries of all files at once", async () => {
  const gone = spawnSync(process.execPath, ["--version"]).pid;
  const stale = ["one", "two"].map((name) => temporaryName(name).replace(`-${process.pid}-`, `-${gone}-`));
  for (const name of [...stale, temporaryName("three"), "four"]) await writeFile(join(directory, name), "");
  expect((await removeAllStaleTemporaries(directory)).toSorted()).toEqual(stale.toSorted());
});

test("a file gets the mode that was asked for", async () => {
  const file = await createDurableFile(join(directory, "blob"), { mode: 0o444 });
  await file.handle.write("bytes");
  await file.commit();
  expect((await stat(join(directory, "blob"))).mode & 0o777).toBe(0o444);
});

test("a small file is written in one call, whole, over another one only if that may be", async () => {
  const path = join(directory, "small");
  await writeDurableFile(path, "first", { mode: 0o600 });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  await expect(writeDurableFile(path, "second", { replace: false })).rejects.toMatchObject({
    code: "FILE_EXISTS",
  });
  expect(await readFile(path, "utf8")).toBe("first");
  await writeDurableFile(path, Buffer.from("third"));
  expect(await readFile(path, "utf8")).toBe("third");
  expect(await readdir(directory)).toEqual(["small"]);
});

test("a directory is made with those above it, and again without complaint", async () => {
  await makeDirectory(join(directory, "a/b/c"));
  await makeDirectory(join(directory, "a/b/c"));
  expect(await readdir(join(directory, "a/b"))).toEqual(["c"]);
});

test("a directory where a file stands is FILE_EXISTS, below a file FILE_NOT_FOUND", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(makeDirectory(join(directory, "file"))).rejects.toMatchObject({ code: "FILE_EXISTS" });
  await expect(makeDirectory(join(directory, "file/below"))).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
  });
});
