import {
  direntSize,
  direntTailSize,
  dotEntries,
  encodeLeaf,
  type DirectoryContent,
} from "./format/dirent.ts";
import { buildHashedDirectory, type NameHasher } from "./htree.ts";

/** A directory as bytes: whole blocks, to be laid down one after another. */
export interface BuiltDirectory {
  readonly bytes: Buffer;
  /** Inner nodes between the root of the hashed index and its leaves; `undefined` where there is no index. */
  readonly indexLevels: number | undefined;
}

/**
 * A directory that fits one block is a list; any other gets the hashed index that the kernel would have built, since the
 * kernel never adds one to a longer list later.
 */
export function buildDirectory(
  content: DirectoryContent,
  blockSize: number,
  seed: number,
  hash: NameHasher,
): BuiltDirectory {
  const listSize = content.entries.reduce(
    (sum, { name }) => sum + direntSize(name.length),
    direntSize(1) + direntSize(2),
  );
  if (listSize > blockSize - direntTailSize) return buildHashedDirectory(content, blockSize, seed, hash);
  const bytes = Buffer.alloc(blockSize);
  const dots = dotEntries(content.inode, content.parent);
  encodeLeaf(bytes, 0, blockSize, [...dots, ...content.entries], seed);
  return { bytes, indexLevels: undefined };
}
