import { expect, test } from "vitest";
import { createWrittenRegions } from "./written-regions.ts";

test("regions are told in ascending order, joined where they touch or overlap", () => {
  const regions = createWrittenRegions();
  regions.add(100, 50);
  regions.add(150, 10);
  regions.add(0, 20);
  regions.add(20, 5);
  regions.add(155, 100);
  regions.add(300, 0);
  expect(regions.list()).toEqual([
    { offset: 0, length: 25 },
    { offset: 100, length: 155 },
  ]);
});
