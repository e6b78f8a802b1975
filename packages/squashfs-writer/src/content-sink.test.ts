import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DirectoryNode } from "@bootlayer/rootfs-tree";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createSquashfsImage, type SquashfsImageWriter, type SquashfsOptions } from "./index.ts";

let directory: string;
const writers: SquashfsImageWriter[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "content-sink-"));
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map((writer) => writer.abort()));
  await rm(directory, { recursive: true });
});

async function begin(options: SquashfsOptions = {}): Promise<SquashfsImageWriter> {
  const writer = await createSquashfsImage(join(directory, "image"), {
    compression: { kind: "lz4" },
    threads: 0,
    ...options,
  });
  writers.push(writer);
  return writer;
}

const emptyRoot: DirectoryNode = {
  kind: "directory",
  attributes: { mode: 0o755, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() },
  entries: new Map(),
};

const invalid = expect.objectContaining({ code: "SQUASHFS_CONTENT_INVALID" });
const outOfOrder = expect.objectContaining({ code: "SQUASHFS_WRITER_STATE" });

test.each([
  { size: 0 },
  { size: -1 },
  { size: 1.5 },
  { size: NaN },
  { size: 10, dataRegions: [{ offset: 0, length: 0 }] },
  { size: 10, dataRegions: [{ offset: 5, length: 6 }] },
  { size: 10, dataRegions: [{ offset: -1, length: 2 }] },
  { size: 10, dataRegions: [{ offset: 0.5, length: 2 }] },
  {
    size: 10,
    dataRegions: [
      { offset: 4, length: 2 },
      { offset: 5, length: 2 },
    ],
  },
])("a shape that contradicts itself is refused: %j", async (shape) => {
  const writer = await begin();
  expect(() => writer.openContent(shape)).toThrow(invalid);
});

test("a file of more blocks than an image can list is refused", async () => {
  const writer = await begin({ blockSize: 4096 });
  expect(() => writer.openContent({ size: 2 ** 50, dataRegions: [] })).toThrow(
    expect.objectContaining({ code: "SQUASHFS_TOO_LARGE" }),
  );
});

test("more bytes than announced are refused", async () => {
  const sink = (await begin()).openContent({ size: 5 });
  void sink.write(Buffer.from("1234"));
  expect(() => sink.write(Buffer.from("56"))).toThrow(invalid);
});

test("fewer bytes than announced are refused", async () => {
  const dataRegions = [
    { offset: 0, length: 5 },
    { offset: 40, length: 5 },
  ];
  const sink = (await begin()).openContent({ size: 50, dataRegions });
  void sink.write(Buffer.from("12345"));
  expect(() => sink.close()).toThrow(invalid);
});

test("a closed content takes nothing more", async () => {
  const sink = (await begin()).openContent({ size: 1 });
  void sink.write(Buffer.from("x"));
  sink.close();
  expect(() => sink.write(Buffer.from("y"))).toThrow(invalid);
  expect(() => sink.close()).toThrow(invalid);
});

test("one content may be open, and none when the image is finished", async () => {
  const writer = await begin();
  writer.openContent({ size: 1 });
  expect(() => writer.openContent({ size: 1 })).toThrow(outOfOrder);
  await expect(writer.finish(emptyRoot)).rejects.toEqual(outOfOrder);
});

test("after a content that could not be opened only abort may follow", async () => {
  const writer = await begin();
  expect(() => writer.openContent({ size: -5 })).toThrow(invalid);
  expect(() => writer.openContent({ size: 1 })).toThrow(outOfOrder);
});

test("writes that find too many blocks under way are waited for, others are not", async () => {
  const writer = await begin({ blockSize: 4096 });
  const small = writer.openContent({ size: 10 });
  expect(small.write(Buffer.alloc(10, "x"))).toBe(undefined);
  small.close();
  const large = writer.openContent({ size: 40_960 });
  const waited = large.write(randomBytes(40_960));
  expect(waited).toBeInstanceOf(Promise);
  await waited;
  large.close();
});
