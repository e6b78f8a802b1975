import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createExt4Image, type Ext4ImageWriter } from "./index.ts";

let directory: string;
let writer: Ext4ImageWriter;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "content-sink-"));
  writer = await createExt4Image(join(directory, "disk"));
});
afterEach(async () => {
  await writer.abort();
  await rm(directory, { recursive: true });
});

test("a file that no ext4 holds is refused", () => {
  expect(() => writer.openContent({ size: 2 ** 44, dataRegions: [] })).toThrow(
    expect.objectContaining({ code: "EXT4_TOO_LARGE" }),
  );
});

test("contents may be open at once", () => {
  const [first, second] = [writer.openContent({ size: 1 }), writer.openContent({ size: 1 })];
  void second.write(Buffer.from("b"));
  void first.write(Buffer.from("a"));
  expect(second.close()).not.toBe(first.close());
});
