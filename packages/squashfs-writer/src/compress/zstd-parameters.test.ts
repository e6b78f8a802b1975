import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { zstdParameters } from "./zstd-parameters.ts";

const levels = Array.from({ length: 22 }, (_, index) => index + 1);

/** Blocks of two bits a byte, six and eight. */
function blocksOf(length: number): Buffer[] {
  const random = randomBytes(length);
  return [Buffer.alloc(length, "zstd"), Buffer.from(random.toString("base64")).subarray(0, length), random];
}

test("the library takes the parameters of every level and length", () => {
  for (const level of levels)
    for (const length of [1, 2 ** 14, 2 ** 14 + 1, 2 ** 18, 2 ** 18 + 1])
      // Only at level 15 do the parameters depend on more than the length.
      for (const block of level === 15 ? blocksOf(length) : [Buffer.alloc(length, "zstd")])
        expect(zstdCompressSync(block, { params: zstdParameters(level, block) }).length).toBeGreaterThan(0);
});

test("levels up to 8 and from 16 on are the library's own", () => {
  for (const level of levels.filter((candidate) => candidate < 9 || candidate > 15))
    for (const length of [2 ** 13, 2 ** 17, 2 ** 20])
      expect(zstdParameters(level, Buffer.alloc(length))).toEqual({
        [constants.ZSTD_c_compressionLevel]: level,
      });
});

test("a frame needs no window larger than its block", () => {
  for (const level of levels)
    for (const length of [2 ** 12, 2 ** 17, 2 ** 20])
      for (const block of level === 15 ? blocksOf(length) : [randomBytes(length)]) {
        const frame = zstdCompressSync(block, { params: zstdParameters(level, block) });
        expect(windowSize(frame), `level ${level}`).toBeLessThanOrEqual(length);
      }
});

test("level 15 searches long in blocks of 128 KiB, but not where the bytes are of few values or of all alike", () => {
  const strategies = blocksOf(2 ** 17).map((block) => zstdParameters(15, block)[constants.ZSTD_c_strategy]);
  expect(strategies).toEqual([constants.ZSTD_btlazy2, constants.ZSTD_btopt, constants.ZSTD_btlazy2]);
});

/** RFC 8878, 3.1.1.1: a frame of a single segment names no window, its content is the window. */
function windowSize(frame: Buffer): number {
  const isSingleSegment = (frame.readUInt8(4) & 0x20) !== 0;
  if (isSingleSegment) return 0;
  const descriptor = frame.readUInt8(5);
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
