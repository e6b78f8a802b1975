import { expect, test } from "vitest";
import { dataLength, shapeFault } from "./index.ts";

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

test.each([
  { size: 1 },
  { size: 10, dataRegions: [] },
  { size: 10, dataRegions: [{ offset: 0, length: 10 }] },
  {
    size: 10,
    dataRegions: [
      { offset: 2, length: 3 },
      { offset: 5, length: 1 },
    ],
  },
])("a shape may have holes, regions that touch, no data at all: %j", (shape) => {
  expect(shapeFault(shape)).toBe(undefined);
});

test.each([
  [{ size: 0 }, "has 0 bytes"],
  [{ size: -1 }, "has -1 bytes"],
  [{ size: 1.5 }, "has 1.5 bytes"],
  [{ size: NaN }, "has NaN bytes"],
  [{ size: 10, dataRegions: [{ offset: 0, length: 0 }] }, "has a data region of 0 bytes at 0"],
  [{ size: 10, dataRegions: [{ offset: 5, length: 6 }] }, "has data up to 11 but only 10 bytes"],
  [{ size: 10, dataRegions: [{ offset: -1, length: 2 }] }, "has a data region of 2 bytes at -1"],
  [{ size: 10, dataRegions: [{ offset: 0.5, length: 2 }] }, "has a data region of 2 bytes at 0.5"],
  [
    {
      size: 10,
      dataRegions: [
        { offset: 4, length: 2 },
        { offset: 5, length: 2 },
      ],
    },
    "has a data region of 2 bytes at 5 after one that ends at 6",
  ],
])("a shape that contradicts itself says how: %j", (shape, fault) => {
  expect(shapeFault(shape)).toContain(fault);
});
