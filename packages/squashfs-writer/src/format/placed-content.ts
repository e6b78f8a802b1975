import type { ContentHandle } from "@bootlayer/rootfs-tree";

/** Bit 24 of a block's word, of data and fragment blocks: the bytes are stored as they are. */
export const rawBlockFlag = 0x100_0000;

/** What a file's content is to the file's inode: where its bytes lie in the image. */
export interface PlacedContent {
  /** Length in bytes, holes included; greater than 0. */
  readonly size: number;
  /** Position in the image of the first block that is stored, the others following it; 0 if none is. */
  readonly start: number;
  /**
   * A word for each block, in order: the length stored, with `rawBlockFlag` where it is not compressed; 0 for a block of
   * zeros, which is not stored. As many as `size` has whole blocks, and one more if the rest is not in a fragment.
   */
  readonly blocks: Uint32Array;
  /** Where the bytes after the last whole block lie, if they share a block with other files. */
  readonly fragment: FragmentPlace | undefined;
  /** Bytes of blocks that are not stored. */
  readonly sparseBytes: number;
}

export interface FragmentPlace {
  /** Index into the fragment table. */
  readonly index: number;
  /** Offset in the block, unpacked. */
  readonly offset: number;
}

/** The contents that were written, by handle: 0 to `count` - 1, in the order of `openContent`. */
export interface PlacedContents {
  readonly count: number;
  get(handle: ContentHandle): PlacedContent | undefined;
}

/** An entry of the fragment table: a block that ends of files share. */
export interface FragmentBlock {
  /** Position in the image. */
  readonly start: number;
  /** The length stored, with `rawBlockFlag` where it is not compressed. */
  readonly word: number;
}
