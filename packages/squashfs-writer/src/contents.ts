import type { ContentHandle } from "@bootlayer/rootfs-tree";
import type { BlockWords } from "./block-words.ts";
import type { BlockRun } from "./file-blocks.ts";
import type { FragmentPlace, PlacedContents } from "./format/placed-content.ts";

/** The bytes of one file, or of several that are the same. */
export interface StoredContent {
  /** Length in bytes, holes included. */
  readonly size: number;
  /** Length without the holes that were announced. */
  readonly dataBytes: number;
  /** Absent if all is in a fragment. */
  readonly blocks: BlockRun | undefined;
  readonly fragment: FragmentPlace | undefined;
  readonly sparseBytes: number;
}

/** The contents that were written, by handle. */
export interface Contents extends PlacedContents {
  /** `again`: its bytes were there already. */
  add(stored: StoredContent, again: boolean): ContentHandle;
  /** Those whose bytes were there already. */
  duplicates(): { readonly files: number; readonly bytes: number };
  /** Bytes that belong to these contents and to no other: given those that no file has, what was written in vain. */
  bytesOnlyOf(handles: readonly number[]): number;
}

const noBlocks: BlockRun = { firstWord: 0, count: 0, start: 0 };

export function createContents(words: BlockWords): Contents {
  const byHandle: StoredContent[] = [];
  let duplicateFiles = 0;
  let duplicateBytes = 0;
  return {
    get count() {
      return byHandle.length;
    },
    get(handle) {
      const stored = byHandle[handle];
      if (!stored) return undefined;
      const { size, blocks = noBlocks, fragment, sparseBytes } = stored;
      const { firstWord, count, start } = blocks;
      return {
        size,
        start,
        // Only made where it is looked at: it may be long.
        get blocks() {
          return words.list(firstWord, count);
        },
        fragment,
        sparseBytes,
      };
    },
    add(stored, again) {
      if (again) {
        duplicateFiles++;
        duplicateBytes += stored.dataBytes;
      }
      return (byHandle.push(stored) - 1) as ContentHandle;
    },
    duplicates: () => ({ files: duplicateFiles, bytes: duplicateBytes }),
    bytesOnlyOf(handles) {
      const chosen = new Set(handles);
      const others = new Set(byHandle.filter((_, handle) => !chosen.has(handle)).map(storageOf));
      const bytes = new Map<unknown, number>();
      for (const stored of byHandle)
        if (!others.has(storageOf(stored))) bytes.set(storageOf(stored), stored.dataBytes);
      return [...bytes.values()].reduce((sum, length) => sum + length, 0);
    },
  };
}

/** The same for contents that lie in the same place. */
function storageOf({ blocks, fragment }: StoredContent): BlockRun | FragmentPlace | undefined {
  return blocks ?? fragment;
}
