import { join } from "node:path";
import { listTree, withMount, type TreeListing } from "@bootlayer/test-fixtures";
import {
  expectSameTree,
  fillImage,
  run,
  withDirectory,
  type Fill,
  type FilledImage,
} from "@bootlayer/test-fixtures/image-writers";
import { createSquashfsImage, type SquashfsOptions, type SquashfsSummary } from "../src/index.ts";

export interface MadeImage extends FilledImage<SquashfsSummary> {
  readonly path: string;
}

/** Writes one image with what `fill` puts into its tree; what is expected of it has whole seconds, as the format. */
export async function makeImage(path: string, options: SquashfsOptions, fill: Fill): Promise<MadeImage> {
  const { summary, expected } = await fillImage(await createSquashfsImage(path, options), fill);
  return { path, summary, expected: inWholeSeconds(expected) };
}

function inWholeSeconds(listing: TreeListing): TreeListing {
  const second = 1_000_000_000n;
  return new Map(
    [...listing].map(([path, entry]) => [path, { ...entry, mtime: entry.mtime - (entry.mtime % second) }]),
  );
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
