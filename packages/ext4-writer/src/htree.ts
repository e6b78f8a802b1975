import type { ByteString } from "@bootlayer/rootfs-tree";
import {
  direntSize,
  direntTailSize,
  encodeIndexNode,
  encodeIndexRoot,
  encodeLeaf,
  nodeLimit,
  rootLimit,
  type DirectoryContent,
  type Dirent,
  type IndexEntry,
} from "./format/dirent.ts";
import type { NameHash } from "./half-md4.ts";

export type NameHasher = (name: ByteString) => NameHash;

/**
 * Part of a leaf that stays free, as `e2fsck -D` leaves it: with full leaves the first new name in each would split it.
 */
const leafSlack = 0.2;

/**
 * A directory with a hashed index (ext4 documentation, "Hash Tree Directories"), bottom-up: the names in order of their
 * hashes are cut into leaves, the leaves' first hashes into index nodes, until the root takes them. The blocks come in
 * the order root, inner nodes from the top down, leaves.
 */
export function buildHashedDirectory(
  content: DirectoryContent,
  blockSize: number,
  seed: number,
  hash: NameHasher,
): { readonly bytes: Buffer; readonly indexLevels: number } {
  const { order, hashes } = sortByHash(content.entries, hash);
  const leaves = cutLeaves(content.entries, order, hashes, blockSize);
  const levels = indexLevels(
    leaves.map(({ hash }) => hash),
    blockSize,
  );
  const innerBlocks = levels.reduce((sum, nodes) => sum + nodes.length, 0);
  const bytes = Buffer.alloc((1 + innerBlocks + leaves.length) * blockSize);

  let block = 1;
  let entries = entriesOf(levels[0] ?? leaves, block);
  encodeIndexRoot(
    bytes,
    0,
    blockSize,
    { inode: content.inode, parent: content.parent, levels: levels.length, entries },
    seed,
  );
  for (const [level, nodes] of levels.entries()) {
    const below = levels[level + 1] ?? leaves;
    entries = entriesOf(below, block + nodes.length);
    for (const { first, end } of nodes)
      encodeIndexNode(bytes, block++ * blockSize, blockSize, entries.slice(first, end), seed);
  }
  for (const { first, end } of leaves) {
    const names: Dirent[] = [];
    for (let index = first; index < end; index++) {
      const entry = content.entries[order[index] ?? 0];
      if (entry) names.push(entry);
    }
    encodeLeaf(bytes, block++ * blockSize, blockSize, names, seed);
  }
  return { bytes, indexLevels: levels.length };
}

/** A block of the directory: which entries of the level below it holds, and the hash it is found by. */
interface Node {
  readonly hash: number;
  readonly first: number;
  readonly end: number;
}

function entriesOf(nodes: readonly Node[], firstBlock: number): IndexEntry[] {
  return nodes.map(({ hash }, index) => ({ hash, block: firstBlock + index }));
}

interface HashOrder {
  /** Indexes of the entries, by hash, then minor hash, then name. */
  readonly order: Uint32Array;
  /** Hashes in that order. */
  readonly hashes: Uint32Array;
}

function sortByHash(entries: readonly Dirent[], hash: NameHasher): HashOrder {
  const major = new Uint32Array(entries.length);
  const minor = new Uint32Array(entries.length);
  for (const [index, { name }] of entries.entries()) {
    const hashed = hash(name);
    major[index] = hashed.hash;
    minor[index] = hashed.minor;
  }
  // Entries come sorted by name, so their index settles what the hashes leave open.
  const order = Uint32Array.from(entries.keys()).toSorted(
    (a, b) => (major[a] ?? 0) - (major[b] ?? 0) || (minor[a] ?? 0) - (minor[b] ?? 0) || a - b,
  );
  return { order, hashes: order.map((index) => major[index] ?? 0) };
}

function cutLeaves(
  entries: readonly Dirent[],
  order: Uint32Array,
  hashes: Uint32Array,
  blockSize: number,
): Node[] {
  const room = blockSize - direntTailSize;
  const filled = room * (1 - leafSlack);
  const leaves: Node[] = [];
  let first = 0;
  let used = 0;
  for (const [index, entry] of order.entries()) {
    const size = direntSize(entries[entry]?.name.length ?? 0);
    if (used > 0 && used + size > filled) {
      leaves.push(leaf(hashes, first, index));
      first = index;
      used = 0;
    }
    used += size;
  }
  leaves.push(leaf(hashes, first, order.length));
  return leaves;
}

/** A leaf that begins with the hash which the one before ends with says so in bit 0 of its hash. */
function leaf(hashes: Uint32Array, first: number, end: number): Node {
  const hash = hashes[first] ?? 0;
  return { hash: first > 0 && hashes[first - 1] === hash ? hash + 1 : hash, first, end };
}

/** The inner levels, from the top down; none where the root takes all leaves. */
function indexLevels(leafHashes: readonly number[], blockSize: number): Node[][] {
  const levels: Node[][] = [];
  let below = leafHashes;
  while (below.length > rootLimit(blockSize)) {
    const nodes: Node[] = [];
    const limit = nodeLimit(blockSize);
    for (let first = 0; first < below.length; first += limit)
      nodes.push({ hash: below[first] ?? 0, first, end: Math.min(first + limit, below.length) });
    levels.unshift(nodes);
    below = nodes.map(({ hash }) => hash);
  }
  return levels;
}
