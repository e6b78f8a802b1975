import { expect, test } from "vitest";
import { dataLength } from "./index.ts";

test("a file without holes has as much data as it is long", () => {
  expect(dataLength({ size: 10 })).toBe(10);
});

test("holes are no data, and a file that is one hole has none", () => {
  const dataRegions = [
    { offset: 4096, length: 100 },
    { offset: 2 ** 40, length: 5 },
  ];
  expect(dataLength({ size: 2 ** 41, dataRegions })).toBe(105);
  expect(dataLength({ size: 2 ** 41, dataRegions: [] })).toBe(0);
});
