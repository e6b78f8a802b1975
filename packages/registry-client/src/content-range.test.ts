import { expect, test } from "vitest";
import { parseContentRange } from "./content-range.ts";

test("first, last and total are read", () => {
  expect(parseContentRange("bytes 5-9/10")).toEqual({ first: 5, last: 9, total: 10 });
});

test.each([
  undefined,
  "",
  "bytes 5-9/*",
  "bytes */10",
  "items 5-9/10",
  "bytes 5-9",
  "bytes -9/10",
  "bytes 5-9/10, 1",
])("%j is no such range", (value) => {
  expect(parseContentRange(value)).toBeUndefined();
});
