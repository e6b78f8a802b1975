import { compareByteStrings, type ByteString } from "./byte-string.ts";
import type { DirectoryNode, NodeKind, RootfsNode } from "./node.ts";

/** One name in the tree. A node with several names comes once for each. */
export interface TreeEntry {
  /** From the root, without a leading slash: `usr/bin/env`; empty for the root itself. */
  readonly path: ByteString;
  /** The last component; empty for the root. */
  readonly name: ByteString;
  readonly node: RootfsNode;
  /** The directory that holds the name; the root for the root itself, as on disk. */
  readonly parent: DirectoryNode;
}

/** A directory's entries in byte order of their names: the one order in which every output lists them. */
export function sortedEntries(directory: DirectoryNode): [ByteString, RootfsNode][] {
  return [...directory.entries].toSorted(([a], [b]) => compareByteStrings(a, b));
}

/**
 * Every name below and including the root, parents first, siblings in byte order: the same order on every machine.
 * Iterative, so that depth is bounded by memory and not by the call stack.
 */
export function* walkTree(root: DirectoryNode): Generator<TreeEntry> {
  const pending: TreeEntry[] = [{ path: "" as ByteString, name: "" as ByteString, node: root, parent: root }];
  for (let entry = pending.pop(); entry; entry = pending.pop()) {
    yield entry;
    const { node, path } = entry;
    if (node.kind !== "directory") continue;
    for (const [name, child] of sortedEntries(node).toReversed())
      pending.push({
        path: (path === "" ? name : `${path}/${name}`) as ByteString,
        name,
        node: child,
        parent: node,
      });
  }
}

export interface NodeCounts {
  /** Inodes by kind: a node with several names counts once. */
  readonly nodes: Readonly<Record<NodeKind, number>>;
  /** Names, the root's included: at least the sum of the nodes. */
  readonly names: number;
  /** Sum of the sizes of all files, holes included, each node once. */
  readonly fileBytes: number;
}

export function countNodes(root: DirectoryNode): NodeCounts {
  const nodes: Record<NodeKind, number> = {
    directory: 0,
    file: 0,
    symlink: 0,
    "character-device": 0,
    "block-device": 0,
    fifo: 0,
    socket: 0,
  };
  const seen = new Set<RootfsNode>();
  let names = 0;
  let fileBytes = 0;
  for (const { node } of walkTree(root)) {
    names++;
    if (seen.has(node)) continue;
    seen.add(node);
    nodes[node.kind]++;
    if (node.kind === "file") fileBytes += node.size;
  }
  return { nodes, names, fileBytes };
}
