import type { StoredContent } from "./contents.ts";

/**
 * The contents that were stored, by length and digest: enough to know the same bytes again without reading any back.
 */
export interface Duplicates {
  /**
   * Whether a content of this length with this checksum of its first block may be one of those: else it certainly is
   * not, and can be compressed as it comes.
   */
  mayHave(length: number, firstBlock: number): boolean;
  find(length: number, digest: string): StoredContent | undefined;
  add(length: number, firstBlock: number, digest: string, stored: StoredContent): void;
}

export function createDuplicates(): Duplicates {
  const beginnings = new Set<string>();
  const byDigest = new Map<string, StoredContent>();
  return {
    mayHave: (length, firstBlock) => beginnings.has(key(length, firstBlock)),
    find: (length, digest) => byDigest.get(key(length, digest)),
    add(length, firstBlock, digest, stored) {
      beginnings.add(key(length, firstBlock));
      byDigest.set(key(length, digest), stored);
    },
  };
}

function key(length: number, rest: number | string): string {
  return `${length} ${rest}`;
}
