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

const invalid = expect.objectContaining({ code: "EXT4_CONTENT_INVALID" });

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
])("a shape that contradicts itself is refused: %j", (shape) => {
  expect(() => writer.openContent(shape)).toThrow(invalid);
});

test("a file that no ext4 holds is refused", () => {
  expect(() => writer.openContent({ size: 2 ** 44, dataRegions: [] })).toThrow(
    expect.objectContaining({ code: "EXT4_TOO_LARGE" }),
  );
});

test("more bytes than announced are refused", () => {
  const sink = writer.openContent({ size: 5 });
  void sink.write(Buffer.from("1234"));
  expect(() => sink.write(Buffer.from("56"))).toThrow(invalid);
});

test("fewer bytes than announced are refused", () => {
  const sink = writer.openContent({
    size: 50,
    dataRegions: [
      { offset: 0, length: 5 },
      { offset: 40, length: 5 },
    ],
  });
  void sink.write(Buffer.from("12345"));
  expect(() => sink.close()).toThrow(invalid);
});

test("a closed content takes nothing more", () => {
  const sink = writer.openContent({ size: 1 });
  void sink.write(Buffer.from("x"));
  sink.close();
  expect(() => sink.write(Buffer.from("y"))).toThrow(invalid);
  expect(() => sink.close()).toThrow(invalid);
});

test("contents may be open at once; none may be when the image is finished", async () => {
  const [first, second] = [writer.openContent({ size: 1 }), writer.openContent({ size: 1 })];
  void second.write(Buffer.from("b"));
  void first.write(Buffer.from("a"));
  expect(second.close()).not.toBe(first.close());
  writer.openContent({ size: 1 });
  const attributes = {
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtime: { seconds: 0, nanoseconds: 0 },
    xattrs: new Map(),
  };
  await expect(writer.finish({ kind: "directory", attributes, entries: new Map() })).rejects.toMatchObject({
    code: "EXT4_WRITER_STATE",
  });
});

test("after a content that could not be opened only abort may follow", async () => {
  expect(() => writer.openContent({ size: -5 })).toThrow(invalid);
  expect(() => writer.openContent({ size: 1 })).toThrow(
    expect.objectContaining({ code: "EXT4_WRITER_STATE" }),
  );
});
