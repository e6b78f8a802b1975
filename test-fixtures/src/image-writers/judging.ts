import { expect } from "vitest";
import { compareTrees, formatDifferences } from "../judges/compare-trees.ts";
import type { TreeListing } from "../judges/list-tree.ts";
import { runTool } from "../judges/run-tool.ts";

export function expectSameTree(actual: TreeListing, expected: TreeListing): void {
  expect(formatDifferences(compareTrees(expected, actual))).toBe("");
}

/** Runs a program and answers what it printed, without the last newline; fails with all of it otherwise. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  return (await runTool(program, args)).replace(/\n$/, "");
}
