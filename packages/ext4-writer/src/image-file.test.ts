import { constants } from "node:fs";
import { mkdtemp, open, readFile, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { afterEach, beforeEach, expect } from "vitest";
import { createImageFile } from "./image-file.ts";

let directory: string;
let handle: FileHandle;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "image-file-"));
  handle = await open(join(directory, "file"), "w+");
});
afterEach(async () => {
  await handle.close();
  await rm(directory, { recursive: true });
});

/** Writes at ascending places, as a sink does: how many blocks are skipped, where in the block, how many bytes. */
const writes = fc.array(
  fc.tuple(
    fc.nat(3),
    fc.nat(1023),
    fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 60_000, max: 200_000 })),
  ),
  { maxLength: 30 },
);

test.prop([writes], { numRuns: 40 })(
  "all bytes land in their places, and all others stay zero",
  async (writes) => {
    await handle.truncate(0);
    const file = createImageFile(handle, "file", 1024, Infinity);
    const expected = Buffer.alloc(7_000_000);
    let end = 0;
    for (const [index, [skip, offset, length]] of writes.entries()) {
      const position = Math.ceil(end / 1024 + skip) * 1024 + offset;
      const bytes = Buffer.alloc(length, index + 1);
      file.write(position, bytes);
      bytes.copy(expected, position);
      bytes.fill(0xee);
      end = position + length;
    }
    file.flush();
    const found = await readFile(join(directory, "file"));
    expect(found.equals(expected.subarray(0, end))).toBe(true);
    const told = Buffer.alloc(end);
    for (const { offset, length } of file.dataRegions()) found.copy(told, offset, offset, offset + length);
    expect(told.equals(found)).toBe(true);
  },
);

test("going on in the same block does not wipe what another write put into the next", async () => {
  const file = createImageFile(handle, "file", 1024, Infinity);
  file.write(1024, Buffer.from("second block"));
  file.flush();
  file.write(0, Buffer.from("first"));
  file.write(2048, Buffer.from("third"));
  file.flush();
  expect((await readFile(join(directory, "file"))).toString("latin1", 1024, 1036)).toBe("second block");
});

test("nothing is written past the end", async () => {
  const file = createImageFile(handle, "file", 1024, 100_000);
  file.write(90_000, Buffer.alloc(200_000, 1));
  file.write(400_000, Buffer.alloc(10, 1));
  file.flush();
  expect((await handle.stat()).size).toBe(100_000);
});

test("an error of the write-back is thrown later, and by everything after", async () => {
  const unwritable = await open(join(directory, "file"), constants.O_RDONLY);
  const file = createImageFile(unwritable, "the image", 1024, Infinity);
  file.write(0, Buffer.from("x"));
  const failure = expect.objectContaining({
    code: "FILE_FAILED",
    message: expect.stringContaining("the image"),
  });
  expect(() => file.flush()).toThrow(failure);
  await expect(file.settle()).rejects.toEqual(failure);
  await unwritable.close();
});
