import { expect, test } from "vitest";
import {
  descriptorBlocksToGrow,
  geometryOf,
  groupCount,
  groupStart,
  headGroups,
  isHeadGroup,
} from "./geometry.ts";

test("superblock copies are in groups 0, 1 and the powers of 3, 5 and 7", () => {
  expect(headGroups.slice(0, 10)).toEqual([0, 1, 3, 5, 7, 9, 25, 27, 49, 81]);
  expect([2, 15, 21, 35].some(isHeadGroup)).toBe(false);
});

test("groups begin at block 1 with blocks of 1 KiB, else at block 0", () => {
  expect(groupStart(geometryOf(1024, 1), 1)).toBe(8193);
  expect(groupStart(geometryOf(4096, 1), 1)).toBe(32_768);
  expect([8192, 8193, 8194].map((blocks) => groupCount(1024, blocks))).toEqual([1, 1, 2]);
});

test("heads have descriptor blocks to grow 1,024 times, at most a quarter block size of reserve", () => {
  expect(descriptorBlocksToGrow(4096, 2048)).toBe(1);
  expect(descriptorBlocksToGrow(4096, 2 ** 18)).toBe(128);
  expect(descriptorBlocksToGrow(4096, 2 ** 24)).toBe(8 + 1024);
  expect(descriptorBlocksToGrow(1024, 2 ** 20)).toBe(8 + 256);
});
