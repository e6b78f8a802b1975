import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compareTrees,
  formatDifferences,
  judgePath,
  listTree,
  withMount,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { expect } from "vitest";
import { createSquashfsImage, type SquashfsOptions, type SquashfsSummary } from "../src/index.ts";
import { treeMaker, type TreeMaker } from "./tree-maker.ts";

/** A directory of its own for each test that asks, gone after `use`. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "squashfs-writer-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export interface MadeImage {
  readonly path: string;
  readonly summary: SquashfsSummary;
  readonly expected: TreeListing;
}

/** Writes one image with what `fill` puts into its tree. */
export async function makeImage(
  path: string,
  options: SquashfsOptions,
  fill: (tree: TreeMaker) => Promise<void> | void,
): Promise<MadeImage> {
  const writer = await createSquashfsImage(path, options);
  const tree = treeMaker(writer);
  try {
    await fill(tree);
    const summary = await writer.finish(tree.root);
    return { path, summary, expected: tree.expected() };
  } finally {
    await writer.abort();
  }
}

function expectSameTree(actual: TreeListing, expected: TreeListing): void {
  expect(formatDifferences(compareTrees(expected, actual))).toBe("");
}

export async function listMounted(path: string): Promise<TreeListing> {
  return await withMount(path, { type: "squashfs" }, listTree);
}

/** For the kernel the very tree that was written. */
export async function expectKernelAgrees({ path, expected }: MadeImage): Promise<void> {
  expectSameTree(await listMounted(path), expected);
}

/** unsquashfs extracts the very tree that was written, complaining of nothing. */
export async function expectUnsquashfsAgrees({ path, expected }: MadeImage): Promise<void> {
  await withDirectory(async (directory) => {
    const out = join(directory, "out");
    await run("unsquashfs", "-strict-errors", "-no-progress", "-d", out, path);
    expectSameTree(await listTree(out), expected);
  });
}

/** Runs a program and answers what it printed; fails with all of it otherwise. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args, { env: { PATH: judgePath(), LC_ALL: "C", TZ: "UTC" } });
  return stdout;
}
