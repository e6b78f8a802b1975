import { expect, test } from "vitest";
import { journalBlocks } from "./journal-length.ts";

test.each([
  [2047, 0],
  [2048, 1024],
  [32_768, 4096],
  [262_144, 8192],
  [5_242_880, 32_768],
  [2 ** 30, 262_144],
])("a file system of %i blocks has a journal of %i", (blocks, length) => {
  expect(journalBlocks(blocks)).toBe(length);
});
