import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { zstdParameters } from "./zstd-parameters.ts";

const levels = Array.from({ length: 22 }, (_, index) => index + 1);

test("the library takes the parameters of every level and length", () => {
  for (const level of levels)
    for (const length of [1, 2 ** 14, 2 ** 14 + 1, 2 ** 18, 2 ** 18 + 1]) {
      const block = Buffer.alloc(length, "zstd");
      expect(zstdCompressSync(block, { params: zstdParameters(level, length) }).length).toBeGreaterThan(0);
    }
});

test("levels up to 8 and from 16 on are the library's own", () => {
  for (const level of levels.filter((candidate) => candidate < 9 || candidate > 15))
    for (const length of [2 ** 13, 2 ** 17, 2 ** 20])
      expect(zstdParameters(level, length)).toEqual({ [constants.ZSTD_c_compressionLevel]: level });
});

test("a frame needs no window larger than its block", () => {
  for (const level of levels)
    for (const length of [2 ** 12, 2 ** 17, 2 ** 20]) {
      const frame = zstdCompressSync(randomBytes(length), { params: zstdParameters(level, length) });
      expect(windowSize(frame), `level ${level}`).toBeLessThanOrEqual(length);
    }
});

/** RFC 8878, 3.1.1.1: a frame of a single segment names no window, its content is the window. */
function windowSize(frame: Buffer): number {
  const isSingleSegment = (frame.readUInt8(4) & 0x20) !== 0;
  if (isSingleSegment) return 0;
  const descriptor = frame.readUInt8(5);
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
