import { expect, test } from "vitest";
import { createExtentTable } from "./extent-table.ts";

function extentsOf(table: ReturnType<typeof createExtentTable>, span: number): number[][] {
  const found: number[][] = [];
  for (let extent = table.first(span); extent < table.first(span + 1); extent++)
    found.push([table.logical(extent), table.physical(extent), table.length(extent)]);
  return found;
}

test("blocks that follow in the file and on disk are one extent", () => {
  const table = createExtentTable();
  const span = table.begin();
  table.append(0, 100, 5);
  table.append(5, 105, 5);
  table.append(20, 110, 1);
  table.append(21, 200, 1);
  expect(extentsOf(table, span)).toEqual([
    [0, 100, 10],
    [20, 110, 1],
    [21, 200, 1],
  ]);
  expect(table.blocks(span)).toBe(12);
});

test("an extent has at most 32,768 blocks", () => {
  const table = createExtentTable();
  const span = table.begin();
  table.append(0, 1000, 32_767);
  table.append(32_767, 33_767, 40_000);
  expect(extentsOf(table, span)).toEqual([
    [0, 1000, 32_768],
    [32_768, 33_768, 32_768],
    [65_536, 66_536, 7231],
  ]);
});

test("extents of different files are never joined", () => {
  const table = createExtentTable();
  for (let span = 0; span < 3000; span++) {
    table.begin();
    table.append(0, 100 + span, 1);
  }
  expect(table.spans()).toBe(3000);
  expect(extentsOf(table, 2999)).toEqual([[0, 3099, 1]]);
});
