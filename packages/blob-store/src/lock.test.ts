import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { ownerTag } from "@bootlayer/durable-file";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deadOwner, ownerElsewhere } from "../integration/store-fixtures.ts";
import { withLock } from "./lock.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blob-store-lock-"));
});
afterEach(() => rm(directory, { recursive: true }));

test("under one name one action runs at a time, and each gets its turn", async () => {
  let inside = 0;
  let turns = 0;
  await Promise.all(
    Array.from({ length: 12 }, () =>
      withLock(directory, "index", async () => {
        expect(++inside).toBe(1);
        await setTimeout(2);
        inside--;
        turns++;
      }),
    ),
  );
  expect(turns).toBe(12);
  expect(await readdir(directory)).toEqual([]);
});

test("actions under different names do not wait for each other", async () => {
  await withLock(directory, "one", () => withLock(directory, "two", async () => {}));
  await withLock(directory, "one", () => withLock(directory, "one.more", async () => {}));
  expect(await readdir(directory)).toEqual([]);
});

test("an action that fails gives the lock back and its error through", async () => {
  const wrong = new Error("wrong");
  await expect(withLock(directory, "index", () => Promise.reject(wrong))).rejects.toBe(wrong);
  expect(await withLock(directory, "index", async () => "right")).toBe("right");
});

test("the claim of a process that is gone is taken over, and so is one whose process id was reused", async () => {
  await writeFile(join(directory, `index.${deadOwner()}.lock`), "");
  await writeFile(join(directory, `index.${ownerTag().replace(/-\d+-(?=[0-9a-f]+$)/, "-1-")}.lock`), "");
  expect(await withLock(directory, "index", () => readdir(directory))).toHaveLength(1);
});

test("the claim of a process that cannot be asked for is taken over a minute after it was made", async () => {
  const claim = join(directory, `index.${ownerElsewhere()}.lock`);
  await writeFile(claim, "");
  const waiting = withLock(directory, "index", async () => "in", AbortSignal.timeout(100));
  await expect(waiting).rejects.toMatchObject({ name: expect.stringMatching(/AbortError|TimeoutError/) });
  await utimes(claim, 0, Date.now() / 1000 - 61);
  expect(await withLock(directory, "index", async () => "in")).toBe("in");
});

test("whoever gives up waiting leaves the holder its lock and no claim", async () => {
  await withLock(directory, "index", async () => {
    const [holder] = await readdir(directory);
    const controller = new AbortController();
    const waiting = withLock(directory, "index", async () => "in", controller.signal);
    await setTimeout(20);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
    expect(await readdir(directory)).toEqual([holder]);
  });
});

test("whoever has waited for a minute is told who holds the lock", async () => {
  const now = vi.spyOn(performance, "now");
  try {
    await withLock(directory, "index", async () => {
      now.mockReturnValueOnce(0).mockReturnValue(60_001);
      await expect(withLock(directory, "index", async () => {})).rejects.toMatchObject({
        code: "STORE_BUSY",
        message: expect.stringContaining(`process ${process.pid} `),
      });
    });
  } finally {
    now.mockRestore();
  }
});
