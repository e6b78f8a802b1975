import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { estimateBuildBytes, openDiskRoom } from "./disk-room.ts";
import type { ServerSettings } from "./settings.ts";

const MiB = 2 ** 20;

function limited(diskBytes: number | undefined): ServerSettings["limits"] {
  return { bodyBytes: 0, requestsPerMinute: 0, buildsPerToken: 0, diskBytes };
}

async function temporaryStore(): Promise<string> {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-room-"));
  onTestFinished(() => rm(store, { recursive: true }));
  return store;
}

/** A room that says itself how much of it is left. */
function roomOf(bytes: () => number) {
  return openDiskRoom(
    { store: "/", limits: limited(undefined) },
    { measure: () => Promise.resolve(bytes()), watchMilliseconds: 1 },
  );
}

test("more than is left is QUOTA_DISK, what fits is not", async () => {
  const room = roomOf(() => 100);
  await room.check(100);
  await expect(room.check(101)).rejects.toMatchObject({
    code: "QUOTA_DISK",
    message: expect.stringContaining("100 bytes are left") as string,
  });
});

test("where nothing is left not even nothing fits: no build is begun", async () => {
  await expect(roomOf(() => 0).check(0)).rejects.toMatchObject({ code: "QUOTA_DISK" });
  await expect(roomOf(() => -5).reserve(0)).rejects.toMatchObject({ code: "QUOTA_DISK" });
});

test("what is promised to a build is not there for others until it ends", async () => {
  const room = roomOf(() => 100);
  {
    using _promise = await room.reserve(60);
    await expect(room.check(41)).rejects.toMatchObject({ code: "QUOTA_DISK" });
    await expect(room.reserve(41)).rejects.toMatchObject({ code: "QUOTA_DISK" });
    using _other = await room.reserve(39);
  }
  await room.check(100);
});

test("of two builds at once that fit only alone one is refused", async () => {
  const room = roomOf(() => 100);
  const outcomes = await Promise.allSettled([room.reserve(60), room.reserve(60)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
});

test("who watches is told once when nothing is left", async () => {
  let left = 1;
  const told: string[] = [];
  const room = roomOf(() => left);
  using _watch = room.watch(({ code }) => told.push(code));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told).toEqual([]);
  left = 0;
  await expect.poll(() => told).toEqual(["QUOTA_DISK"]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(told).toEqual(["QUOTA_DISK"]);
});

test("the quota counts what files of the store take, and holes for nothing", async () => {
  const store = await temporaryStore();
  await writeFile(join(store, "blob"), Buffer.alloc(3 * MiB, 1));
  const disk = await open(join(store, "disk"), "w");
  await disk.truncate(1024 * MiB);
  await disk.close();
  const room = openDiskRoom({ store, limits: limited(8 * MiB) });
  await room.check(4 * MiB);
  await expect(room.check(6 * MiB)).rejects.toMatchObject({ code: "QUOTA_DISK" });
});

test("without a quota the file system is the limit, but for a reserve", async () => {
  const room = openDiskRoom({ store: await temporaryStore(), limits: limited(undefined) });
  await room.check(1);
  await expect(room.check(Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ code: "QUOTA_DISK" });
});

test("a disk is estimated by the layers: ext4 holds them unpacked", () => {
  const layers = [{ size: 10 * MiB }, { size: 30 * MiB }];
  expect(estimateBuildBytes(layers, "ext4")).toBe(160 * MiB);
  expect(estimateBuildBytes(layers, "squashfs")).toBe(90 * MiB);
});
