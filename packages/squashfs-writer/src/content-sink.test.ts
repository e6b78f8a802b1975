import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

test("a file of more blocks than an image can list is refused", async () => {
  const writer = await begin({ blockSize: 4096 });
  expect(() => writer.openContent({ size: 2 ** 50, dataRegions: [] })).toThrow(
    expect.objectContaining({ code: "SQUASHFS_TOO_LARGE" }),
  );
});

test("one content may be open at once", async () => {
  const writer = await begin();
  writer.openContent({ size: 1 });
  expect(() => writer.openContent({ size: 1 })).toThrow(
    expect.objectContaining({ code: "SQUASHFS_WRITER_STATE" }),
  );
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
