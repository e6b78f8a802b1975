import type { ByteString, FileNode } from "@bootlayer/rootfs-tree";
import type { FragmentBlock, PlacedContent, PlacedContents } from "./format/placed-content.ts";
import { invalid } from "./inventory.ts";

/** Which contents, and which fragment blocks, the tree uses. */
export interface ClaimedContents {
  /** @throws {SquashfsError} SQUASHFS_TREE_INVALID if the file's content is none of these, another's, or of another size. */
  claim(file: FileNode, path: ByteString): void;
  /** A claimed file's content, its fragment counted as in `fragments`. Undefined for an empty file. */
  contentOf(file: FileNode): PlacedContent | undefined;
  /**
   * The fragment blocks of claimed contents, in order: unsquashfs refuses an image with more of them than inodes, which
   * those of contents that the tree has not could lead to.
   */
  fragments(): readonly FragmentBlock[];
  unclaimed(): readonly number[];
}

export function claimContents(
  contents: PlacedContents,
  fragments: readonly FragmentBlock[],
): ClaimedContents {
  const claimed = new Uint8Array(contents.count);
  const usedFragments = new Uint8Array(fragments.length);
  let newIndexes: Uint32Array | undefined;

  /** Of the used blocks, by the place among all. */
  function renumber(): Uint32Array {
    let next = 0;
    return Uint32Array.from(usedFragments, (used) => (used ? next++ : 0));
  }

  return {
    claim({ content: handle, size }, path) {
      if (handle === undefined) return;
      const content = contents.get(handle);
      if (!content) throw invalid(path, "has content that this image does not have");
      if (content.size !== size)
        throw invalid(path, `has ${size} bytes, but its content has ${content.size}`);
      if (claimed[handle]) throw invalid(path, "has the content of another file");
      claimed[handle] = 1;
      if (content.fragment) usedFragments[content.fragment.index] = 1;
    },
    contentOf({ content: handle }) {
      const content = handle === undefined ? undefined : contents.get(handle);
      if (!content?.fragment) return content;
      newIndexes ??= renumber();
      const { index, offset } = content.fragment;
      return { ...content, fragment: { index: newIndexes[index] ?? 0, offset } };
    },
    fragments: () => fragments.filter((_, index) => usedFragments[index]),
    unclaimed: () => [...claimed.entries()].filter(([, used]) => !used).map(([handle]) => handle),
  };
}
