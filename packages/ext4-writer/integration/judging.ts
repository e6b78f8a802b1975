import { e2fsck, listTree, withMount, type TreeListing } from "@bootlayer/test-fixtures";
import {
  expectSameTree,
  fillImage,
  type Fill,
  type FilledImage,
} from "@bootlayer/test-fixtures/image-writers";
import { expect } from "vitest";
import { createExt4Image, type CreateExt4ImageOptions, type Ext4Summary } from "../src/index.ts";

export interface MadeImage extends FilledImage<Ext4Summary> {
  readonly path: string;
}

/** Writes one image with what `fill` puts into its tree. */
export async function makeImage(
  path: string,
  options: CreateExt4ImageOptions,
  fill: Fill,
  pieceBytes?: number,
): Promise<MadeImage> {
  return { path, ...(await fillImage(await createExt4Image(path, options), fill, pieceBytes)) };
}

/** What the kernel shows of a mounted image, without the directory that every ext4 has. */
export async function listMounted(directory: string): Promise<TreeListing> {
  const listing = await listTree(directory);
  listing.delete("/lost+found");
  return listing;
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
