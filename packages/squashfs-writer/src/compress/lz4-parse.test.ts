import { expect, test } from "vitest";
import { createMatchChooser } from "./lz4-parse.ts";

function choose(longest: Readonly<Record<number, number>>, count: number): Record<number, number> {
  const lengths = new Int32Array(count);
  for (const [at, length] of Object.entries(longest)) lengths[Number(at)] = length;
  createMatchChooser(count)(lengths, count);
  const chosen: Record<number, number> = {};
  for (let at = 0; at < count;) {
    const length = lengths[at] ?? 0;
    if (length > 0) chosen[at] = length;
    at += Math.max(length, 1);
  }
  return chosen;
}

test("a match is passed over for a longer one that starts within it", () => {
  expect(choose({ 10: 6, 11: 5, 12: 30 }, 60)).toEqual({ 12: 30 });
});

test("a match is shortened where the next one gains by it", () => {
  expect(choose({ 10: 12, 20: 40 }, 80)).toEqual({ 10: 10, 20: 40 });
});

test("a match is shortened to what its token holds where another match starts there and ends later", () => {
  expect(choose({ 10: 30, 28: 20 }, 60)).toEqual({ 10: 18, 28: 20 });
});

test("where there are no matches all is literal", () => {
  expect(choose({}, 300)).toEqual({});
});
