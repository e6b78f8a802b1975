import type { DirectoryNode, ImageSummary, ImageWriter } from "@bootlayer/rootfs-tree";
import type { TreeListing } from "../judges/list-tree.ts";
import { treeMaker, type TreeMaker } from "./tree-maker.ts";

/** An image writer with a summary of its own. */
export interface SummingWriter<Summary extends ImageSummary> extends ImageWriter {
  finish(root: DirectoryNode): Promise<Summary>;
}

/** Puts nodes and contents into a tree. */
export type Fill = (tree: TreeMaker) => Promise<unknown> | void;

export interface FilledImage<Summary extends ImageSummary> {
  readonly summary: Summary;
  /** What a reader must find: see `TreeMaker`. */
  readonly expected: TreeListing;
}

/** Fills a new image and finishes it; one that fails leaves nothing. */
export async function fillImage<Summary extends ImageSummary>(
  writer: SummingWriter<Summary>,
  fill: Fill,
  pieceBytes?: number,
): Promise<FilledImage<Summary>> {
  const tree = treeMaker(writer, pieceBytes);
  try {
    await fill(tree);
    const summary = await writer.finish(tree.root);
    return { summary, expected: tree.expected() };
  } finally {
    await writer.abort();
  }
}
