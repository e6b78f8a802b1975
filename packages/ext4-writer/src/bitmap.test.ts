import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { clearBits, freeRuns, setBits } from "./bitmap.ts";

const range = fc.tuple(fc.nat(128), fc.nat(128)).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

test.prop([range, range])(
  "bits in the range change and no others",
  ([setFrom, setTo], [clearFrom, clearTo]) => {
    const bitmap = Buffer.alloc(17);
    setBits(bitmap, setFrom, setTo);
    clearBits(bitmap, clearFrom, clearTo);
    for (let bit = 0; bit < 17 * 8; bit++) {
      const isSet = ((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1;
      const expected = bit >= setFrom && bit < setTo && !(bit >= clearFrom && bit < clearTo);
      expect(isSet === 1).toBe(expected);
    }
  },
);

test("free runs are told in parts, each range its own", () => {
  const free = freeRuns([
    { start: 90, length: 20 },
    { start: 10, length: 5 },
    { start: 250, length: 100 },
  ]);
  const parts = [0, 100, 200, 300].map((start) => {
    const found: number[][] = [];
    free.within(start, start + 100, (from, to) => found.push([from, to]));
    return found;
  });
  expect(parts).toEqual([
    [
      [10, 15],
      [90, 100],
    ],
    [[100, 110]],
    [[250, 300]],
    [[300, 350]],
  ]);
});
