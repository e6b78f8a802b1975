import { hash } from "node:crypto";
import type { BlockMemory, BlockWriter } from "./block-writer.ts";
import type { FragmentBlock, FragmentPlace } from "./format/placed-content.ts";

/** Packs the ends of files, and small files whole, into blocks that they share. */
export interface Fragments {
  /** Gives `tail`, shorter than a block, a place; the same bytes get the same place. `found`: they had it already. */
  add(tail: Uint8Array): { readonly place: FragmentPlace; readonly found: boolean };
  /** Sends the last block on its way. */
  flush(): void;
  /** By index. Complete when all blocks are in the image. */
  blocks(): readonly FragmentBlock[];
}

export interface FragmentsOptions {
  readonly blockSize: number;
  readonly compress: boolean;
  readonly deduplicate: boolean;
}

export function createFragments(
  writer: BlockWriter,
  { blockSize, compress, deduplicate }: FragmentsOptions,
): Fragments {
  const placed: FragmentBlock[] = [];
  const known = new Map<string, FragmentPlace>();
  let block: BlockMemory | undefined;
  let used = 0;
  /** Of the block that is being filled. */
  let index = 0;

  function flush(): void {
    if (!block) return;
    const own = index++;
    writer.put(block, used, compress, (start, word) => {
      placed[own] = { start, word };
    });
    [block, used] = [undefined, 0];
  }

  return {
    add(tail) {
      // All digests are of one kind here, so that the same one means the same length.
      const digest = deduplicate ? hash("sha256", tail, "binary") : "";
      const before = known.get(digest);
      if (before) return { place: before, found: true };
      if (used + tail.length > blockSize) flush();
      block ??= writer.lend();
      block.set(tail, used);
      const place = { index, offset: used };
      used += tail.length;
      if (deduplicate) known.set(digest, place);
      return { place, found: false };
    },
    flush,
    blocks: () => placed,
  };
}
