import {
  epoch,
  splitPath,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";

/** What directories get that no layer describes. The time must not depend on the clock. */
export const impliedAttributes: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: epoch, xattrs: new Map() };

export function impliedDirectory(): DirectoryNode {
  return { kind: "directory", attributes: impliedAttributes, entries: new Map() };
}

/** As many as Linux follows in one path (path_resolution(7)). */
const maxSymlinks = 40;

/** A directory with the way to it: each has the next one under the name in the same place. */
export interface DirectoryPlace {
  readonly directory: DirectoryNode;
  /** From the root, without `directory` itself. */
  readonly above: readonly { readonly directory: DirectoryNode; readonly name: ByteString }[];
}

/** Why a path leads nowhere. */
export type PathFault = "symlink-loop" | "too-deep" | "missing";

export interface OpenParentOptions {
  /** Makes directories that are missing, also in place of what is none; else these are faults. */
  readonly create: boolean;
  readonly depth: number;
}

/**
 * Follows a directory's path inside the tree, component by component, as a process chrooted into it would: symlinks are
 * followed, absolute ones start at the root again, and `..` at the root stays there. Where a symlink dangles, its target
 * is what is made.
 */
export function openParent(
  root: DirectoryNode,
  path: ByteString,
  { create, depth }: OpenParentOptions,
): DirectoryPlace | PathFault {
  const pending = splitPath(path).toReversed();
  const names: ByteString[] = [];
  /** One for each name, `undefined` where nothing exists yet: `..` may still take such a name back. */
  const nodes: (DirectoryNode | undefined)[] = [];
  let symlinks = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "..") {
      names.pop();
      nodes.pop();
      continue;
    }
    const parent = nodes.length === 0 ? root : nodes.at(-1);
    const node: RootfsNode | undefined = parent?.entries.get(name);
    if (node?.kind === "symlink") {
      if (++symlinks > maxSymlinks) return "symlink-loop";
      if (node.target.startsWith("/")) names.length = nodes.length = 0;
      pending.push(...splitPath(node.target).toReversed());
      continue;
    }
    if (node?.kind !== "directory" && !create) return "missing";
    names.push(name);
    nodes.push(node?.kind === "directory" ? node : undefined);
    if (names.length > depth) return "too-deep";
  }
  const above: { directory: DirectoryNode; name: ByteString }[] = [];
  let directory = root;
  for (const [index, name] of names.entries()) {
    above.push({ directory, name });
    let below = nodes[index];
    if (below === undefined) directory.entries.set(name, (below = impliedDirectory()));
    directory = below;
  }
  return { directory, above };
}
