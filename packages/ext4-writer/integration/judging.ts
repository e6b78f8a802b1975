import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compareTrees,
  e2fsck,
  formatDifferences,
  judgePath,
  listTree,
  withMount,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { expect } from "vitest";
import { createExt4Image, type CreateExt4ImageOptions, type Ext4Summary } from "../src/index.ts";
import { treeMaker, type TreeMaker } from "./tree-maker.ts";

/** A directory of its own for each test that asks, gone after `use`. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "ext4-writer-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

export interface MadeImage {
  readonly path: string;
  readonly summary: Ext4Summary;
  readonly expected: TreeListing;
}

/** Writes one image with what `fill` puts into its tree. */
export async function makeImage(
  path: string,
  options: CreateExt4ImageOptions,
  fill: (tree: TreeMaker) => void,
  pieceBytes?: number,
): Promise<MadeImage> {
  const writer = await createExt4Image(path, options);
  const tree = treeMaker(writer, pieceBytes);
  try {
    fill(tree);
    const summary = await writer.finish(tree.root);
    return { path, summary, expected: tree.expected() };
  } finally {
    await writer.abort();
  }
}

/** What the kernel shows of a mounted image, without the directory that every ext4 has. */
export async function listMounted(directory: string): Promise<TreeListing> {
  const listing = await listTree(directory);
  listing.delete("/lost+found");
  return listing;
}

export function expectSameTree(actual: TreeListing, expected: TreeListing): void {
  expect(formatDifferences(compareTrees(expected, actual))).toBe("");
}

/** e2fsck went through all its passes and found nothing. */
export async function expectClean(path: string): Promise<void> {
  await expect(e2fsck(path)).resolves.toContain("Pass 5");
}

/** Clean for e2fsck, and for the kernel the very tree that was written. */
export async function expectSound({ path, expected }: MadeImage): Promise<void> {
  await expectClean(path);
  await withMount(path, { type: "ext4" }, async (directory) => {
    expectSameTree(await listMounted(directory), expected);
  });
}

/** Runs a program and answers what it printed; fails with all of it otherwise. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args, { env: { PATH: judgePath(), LC_ALL: "C" } });
  return stdout;
}
