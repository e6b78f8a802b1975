import { createHash } from "node:crypto";
import { mkdtemp, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { oneProgram, planOf } from "../integration/plan-fixtures.ts";
import type { GuestPlan } from "./guest-plan.ts";
import { guestLayer, type GuestLayer } from "./inject-layer.ts";

const mtime = { seconds: 1_700_000_000, nanoseconds: 0 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-layer-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

async function bytesOf(layer: GuestLayer): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(layer.open(new AbortController().signal)));
}

async function planWithHostFile(name: string, bytes: Uint8Array): Promise<GuestPlan> {
  const host = join(directory, name);
  await writeFile(host, bytes);
  return await planOf({ ...oneProgram, guest: { files: [{ host, guest: "/large" }] } });
}

test("digest and size are those of the archive, which can be read again", async () => {
  const layer = await guestLayer(await planWithHostFile("large", Buffer.alloc(1_000_000, "large")), mtime);
  const bytes = await bytesOf(layer);
  expect(layer.size).toBe(bytes.length);
  expect(layer.digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
  expect(await bytesOf(layer)).toEqual(bytes);
});

test("the same plan and time give the same bytes, another time others", async () => {
  const [one, same, later] = await Promise.all(
    [mtime, mtime, { ...mtime, nanoseconds: 1 }].map(async (time) =>
      guestLayer(await planOf(oneProgram), time),
    ),
  );
  expect(same?.digest).toBe(one?.digest);
  expect(later?.digest).not.toBe(one?.digest);
});

describe("a file of the host that changes", () => {
  test("before the layer is hashed is GUEST_FILE_CHANGED", async () => {
    const plan = await planWithHostFile("early", Buffer.alloc(100_000));
    await writeFile(join(directory, "early"), Buffer.alloc(100_000, 1));
    await expect(guestLayer(plan, mtime)).rejects.toMatchObject({ code: "GUEST_FILE_CHANGED" });
  });

  test.for([99_999, 100_000, 100_001])("after it was hashed, to %i bytes, is too", async (length) => {
    const layer = await guestLayer(await planWithHostFile("late", Buffer.alloc(100_000)), mtime);
    await writeFile(join(directory, "late"), Buffer.alloc(length, 1));
    await expect(bytesOf(layer)).rejects.toMatchObject({ code: "GUEST_FILE_CHANGED" });
  });
});

test("a name that is not UTF-8, which tar's headers cannot say, is GUEST_FILE", async () => {
  const plan = await planOf(oneProgram);
  const [entry] = plan.entries;
  if (entry === undefined) throw new Error("nothing was put in");
  const odd = { ...plan, entries: [{ ...entry, path: "\u00ff" as typeof entry.path }] };
  await expect(guestLayer(odd, mtime)).rejects.toMatchObject({ code: "GUEST_FILE" });
});

test("the signal's reason ends it", async () => {
  const reason = new Error("enough");
  const layer = await guestLayer(await planOf(oneProgram), mtime);
  await expect(Array.fromAsync(layer.open(AbortSignal.abort(reason)))).rejects.toBe(reason);
  await expect(guestLayer(await planOf(oneProgram), mtime, AbortSignal.abort(reason))).rejects.toBe(reason);
});

test.runIf(process.platform === "linux")("whoever stops reading leaves no file open", async () => {
  const host = join(directory, "stopped");
  const layer = await guestLayer(await planWithHostFile("stopped", Buffer.alloc(20_000_000)), mtime);
  let length = 0;
  for await (const chunk of layer.open(new AbortController().signal)) {
    length += chunk.length;
    if (length > 5_000_000) break;
  }
  await expect.poll(async () => await openFiles()).not.toContain(host);
});

async function openFiles(): Promise<string[]> {
  const descriptors = await readdir("/proc/self/fd");
  return await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
}
