import { expect, test } from "vitest";
import { encodeTime } from "./timestamp.ts";

test.each([
  [-(2 ** 40), 0],
  [-1, 0],
  [0, 0],
  [2 ** 31, 2 ** 31],
  [2 ** 32 - 1, 2 ** 32 - 1],
  [2 ** 32, 2 ** 32 - 1],
  [2 ** 50, 2 ** 32 - 1],
])("%i seconds become the nearest that there is, %i", (seconds, encoded) => {
  expect(encodeTime({ seconds, nanoseconds: 999_999_999 })).toBe(encoded);
});
