import { constants } from "node:fs";
import { mkdtemp, open, readFile, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { afterEach, beforeEach, expect } from "vitest";
import { withEarlyWriteBack } from "./index.ts";

let directory: string;
let handle: FileHandle;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "early-write-back-"));
  handle = await open(join(directory, "file"), "w+");
});
afterEach(async () => {
  await handle.close();
  await rm(directory, { recursive: true });
});

const refused = expect.objectContaining({
  code: "FILE_FAILED",
  message: expect.stringContaining("the image"),
});

test.prop([fc.array(fc.tuple(fc.nat(9000), fc.nat(3000)), { maxLength: 10 })], { numRuns: 20 })(
  "all bytes land in their places, the later over the earlier",
  async (writes) => {
    await handle.truncate(0);
    const file = withEarlyWriteBack(handle, "the image");
    const expected = Buffer.alloc(12_000);
    for (const [index, [position, length]] of writes.entries()) {
      const bytes = Buffer.alloc(length, index + 1);
      file.write(position, bytes);
      bytes.copy(expected, position);
      bytes.fill(0xee);
    }
    await file.truncate(expected.length);
    await file.settle();
    await file.sync();
    expect((await readFile(join(directory, "file"))).equals(expected)).toBe(true);
  },
);

test("what the system refuses is thrown with its code, then and by everything after", async () => {
  const unwritable = await open(join(directory, "file"), constants.O_RDONLY);
  const file = withEarlyWriteBack(unwritable, "the image");
  expect(() => file.write(0, Buffer.from("x"))).toThrow(refused);
  expect(() => file.write(0, Buffer.alloc(0))).toThrow(refused);
  await expect(file.settle()).rejects.toEqual(refused);
  await expect(file.truncate(5)).rejects.toEqual(refused);
  await unwritable.close();
});

test("what a write-back meets is thrown by the next write and when it has settled", async () => {
  let writeBacks = 0;
  const failing = {
    fd: handle.fd,
    datasync: () => {
      writeBacks++;
      return Promise.reject(new Error("the disk is gone"));
    },
    sync: () => handle.sync(),
    truncate: (length?: number) => handle.truncate(length),
  };
  const file = withEarlyWriteBack(failing, "the image");
  const piece = Buffer.alloc(16 << 20);
  for (let index = 0; index < 3; index++) file.write(0, piece);
  expect(writeBacks).toBe(0);
  for (let index = 0; index < 5; index++) file.write(0, piece);
  expect(writeBacks).toBe(1);
  await expect(file.settle()).rejects.toEqual(refused);
  expect(() => file.write(0, piece)).toThrow(refused);
});
