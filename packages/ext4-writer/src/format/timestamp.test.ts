import { expect, test } from "vitest";
import { encodeTime } from "./timestamp.ts";

test.each([
  [0, 0, 0],
  [-1, -1, 0],
  [-(2 ** 31), -(2 ** 31), 0],
  [2 ** 31 - 1, 2 ** 31 - 1, 0],
  [2 ** 31, -(2 ** 31), 1],
  [2 ** 32 - 1, -1, 1],
  [2 ** 32, 0, 1],
  [15_032_385_535, 2 ** 31 - 1, 3],
])("second %i is %i in the low field and %i in the epoch", (seconds, low, epoch) => {
  expect(encodeTime({ seconds, nanoseconds: 0 })).toEqual({ seconds: low, extra: epoch });
});

test("nanoseconds lie above the epoch", () => {
  expect(encodeTime({ seconds: 2 ** 31, nanoseconds: 999_999_999 }).extra).toBe(999_999_999 * 4 + 1);
});

test("a time beyond either end is the end's, without nanoseconds", () => {
  expect(encodeTime({ seconds: -(2 ** 31) - 1, nanoseconds: 5 })).toEqual({ seconds: -(2 ** 31), extra: 0 });
  expect(encodeTime({ seconds: 2 ** 40, nanoseconds: 5 })).toEqual({ seconds: 2 ** 31 - 1, extra: 3 });
});
