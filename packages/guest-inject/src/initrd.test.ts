import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { byteString } from "@bootlayer/rootfs-tree";
import { entryAt, oneProgram, planOf } from "../integration/plan-fixtures.ts";
import { cpioHeader, cpioPadding } from "./cpio.ts";
import type { GuestPlan } from "./guest-plan.ts";
import { guestInitrd, type InitrdOptions } from "./initrd.ts";

const options: InitrdOptions = {
  root: { device: "/dev/vda", type: "ext4", options: "rw" },
  mtime: { seconds: 1_700_000_000, nanoseconds: 5 },
};

async function initrdPlan(): Promise<GuestPlan> {
  return await planOf({ ...oneProgram, as: "initrd" });
}

async function bytesOf(plan: GuestPlan, more: Partial<InitrdOptions> = {}): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(guestInitrd(plan, { ...options, ...more })));
}

test("a header is 110 characters, then the name, padded to 4 bytes (buffer-format.rst)", () => {
  const entry = { path: byteString("ab"), mode: 0o100_644, uid: 1, gid: 2, size: 3 };
  const header = Buffer.from(cpioHeader(entry, 7, options.mtime));
  expect(header.toString("latin1")).toBe(
    [
      "070701", // magic
      "00000007", // inode
      "000081a4", // mode
      "00000001", // uid
      "00000002", // gid
      "00000001", // links
      "6553f100", // time
      "00000003", // size
      "0000000000000000", // device it lay on
      "0000000000000000", // device it is
      "00000003", // length of the name with its NUL
      "00000000", // checksum
      "ab\0\0\0\0",
    ].join(""),
  );
  expect([0, 1, 2, 3, 4].map(cpioPadding)).toEqual([0, 3, 2, 1, 0]);
});

test("a file of 4 GiB, which the format cannot hold, is GUEST_FILE", () => {
  const entry = { path: byteString("big"), mode: 0o100_644, uid: 0, gid: 0, size: 2 ** 32 };
  expect(() => cpioHeader(entry, 1, options.mtime)).toThrow(expect.objectContaining({ code: "GUEST_FILE" }));
});

test("times that the format cannot hold become the nearest that it can", () => {
  const entry = { path: byteString("a"), mode: 0o100_644, uid: 0, gid: 0, size: 0 };
  const time = (seconds: number): string =>
    Buffer.from(cpioHeader(entry, 1, { seconds, nanoseconds: 0 })).toString("latin1", 46, 54);
  expect([time(-1), time(2 ** 33)]).toEqual(["00000000", "ffffffff"]);
});

test("the same plan and options give the same bytes; a root is part of them", async () => {
  const plan = await initrdPlan();
  expect(await bytesOf(plan)).toEqual(await bytesOf(await initrdPlan()));
  const other = { ...options.root, device: "/dev/vdb" };
  expect((await bytesOf(plan, { root: other })).equals(await bytesOf(plan))).toBe(false);
});

test("packed, it is the same archive, and names no system that packed it", async () => {
  const plan = await initrdPlan();
  const packed = await bytesOf(plan, { compression: "gzip" });
  expect(packed[9]).toBe(0xff);
  expect(gunzipSync(packed).equals(await bytesOf(plan))).toBe(true);
});

test("the signal's reason ends it, packed or not", async () => {
  const reason = new Error("enough");
  const plan = await initrdPlan();
  for (const compression of ["none", "gzip"] as const)
    await expect(bytesOf(plan, { compression, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("a plan of a layer is refused at once", async () => {
  const plan = await planOf(oneProgram);
  expect(() => guestInitrd(plan, options)).toThrow(expect.objectContaining({ code: "GUEST_CONFIG" }));
});

test("a file that changed ends it with GUEST_FILE_CHANGED, packed or not", async () => {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-initrd-"));
  const path = join(directory, "init");
  await writeFile(path, "changed");
  const plan = await initrdPlan();
  const init = entryAt(plan, "init");
  if (init?.kind !== "file") throw new Error("no init");
  const content = { kind: "host-file", path, size: 7, sha256: "0".repeat(64) } as const;
  const changed = { ...plan, entries: [{ ...init, content }] };
  for (const compression of ["none", "gzip"] as const)
    await expect(bytesOf(changed, { compression })).rejects.toMatchObject({ code: "GUEST_FILE_CHANGED" });
  await rm(directory, { recursive: true });
});
