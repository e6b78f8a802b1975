import type { ContentHandle, DirectoryNode } from "./node.ts";

/**
 * The contract between the layers' walk and every image format: content first, metadata last.
 *
 * A file's bytes go to the writer as they leave the decompressor, before anyone knows whether or under which names the
 * final tree will hold them. `finish` is told the tree and lays down everything else. Content that no node of the tree
 * refers to does not appear in the image.
 */
export interface ImageWriter extends ContentWriter {
  /** Lays down all metadata for `root`, makes the image durable and visible under its name. Nothing may follow. */
  finish(root: DirectoryNode): Promise<ImageSummary>;
  /** Gives the image up at any point before `finish` has settled: no trace of it remains. Safe to call twice. */
  abort(): Promise<void>;
}

/** The side of an image writer that takes contents. */
export interface ContentWriter {
  /** How many contents may be open at once: 1 where a file's bytes must follow one another in the image, at least 2 else. */
  readonly maxOpenContents: number;
  /**
   * Starts the next file's content. Handles and places are given in the order of these calls, whatever the order of the
   * writes that follow: the same calls make the same image, whatever their timing.
   */
  openContent(shape: ContentShape): ContentSink;
}

/** What is known of a file before its bytes. */
export interface ContentShape {
  /** Length in bytes, holes included; greater than 0. */
  readonly size: number;
  /**
   * Where a sparse file has data: ascending, not overlapping, none empty, all below `size`; what lies between is a
   * hole. Absent: data throughout.
   */
  readonly dataRegions?: readonly DataRegion[];
}

export interface DataRegion {
  readonly offset: number;
  readonly length: number;
}

export interface ContentSink {
  /**
   * The next bytes of the file's data regions, in order, in pieces of any length. A returned promise must settle before
   * the next call and before the caller uses the piece's memory again; without one, both are free at once. (Most calls
   * need not wait, and there is one for every small file.)
   */
  write(bytes: Uint8Array): Promise<void> | void;
  /** The content is complete: exactly the bytes of all data regions were written, else it throws. */
  close(): ContentHandle;
}

export interface ImageSummary {
  /** Length of the image in bytes. */
  readonly bytes: number;
  /** What was written, ascending, joined where it touches; every byte of the image outside is zero. */
  readonly dataRegions: readonly DataRegion[];
  /** Bytes of content that no node of the tree refers to: written in vain. */
  readonly contentDropped: number;
}

/** How many bytes a sink is to be given: the size without the holes. */
export function dataLength(shape: ContentShape): number {
  return shape.dataRegions ? shape.dataRegions.reduce((sum, region) => sum + region.length, 0) : shape.size;
}

/**
 * What in a shape contradicts itself, as the end of a sentence that names the content; `undefined` if nothing. A writer
 * refuses such a content.
 */
export function shapeFault({ size, dataRegions }: ContentShape): string | undefined {
  if (!Number.isSafeInteger(size) || size <= 0) return `has ${size} bytes`;
  let end = 0;
  for (const { offset, length } of dataRegions ?? []) {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || length <= 0 || offset < end)
      return `has a data region of ${length} bytes at ${offset} after one that ends at ${end}`;
    end = offset + length;
  }
  return end > size ? `has data up to ${end} but only ${size} bytes` : undefined;
}
