import type { ByteString } from "./byte-string.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { nameFault, nodeFault } from "./node-fault.ts";
import type { DirectoryNode, RootfsNode } from "./node.ts";
import { walkTree } from "./tree.ts";

/** What an image writer must know of a whole tree before it lays down the first inode. */
export interface TreeSurvey {
  /** Each after the one that holds it, the root first. */
  readonly directories: readonly DirectoryNode[];
  /** How many nodes there are: one with several names counts once. */
  readonly nodes: number;
  /** As st_nlink says it: a node's names; of a directory two, and one for each directory in it. */
  linksOf(node: RootfsNode): number;
  /** The directory that holds a directory; the root for the root itself. */
  parentOf(directory: DirectoryNode): DirectoryNode;
}

export interface SurveyOptions {
  /** Told every node once, with the first of its paths in the order of the walk. */
  readonly onNode: (node: RootfsNode, path: ByteString) => void;
  /** Told every further name of a node, and how many names it has with this one. */
  readonly onLink?: (path: ByteString, names: number) => void;
  /** Makes the error that says what the tree holds at `path` and no tree can hold: "has the mode 65535". */
  readonly invalid: (path: ByteString, fault: string) => Error;
  readonly pause: Checkpoint;
}

/**
 * Checks all names and nodes of a tree and counts its links, in one walk.
 *
 * @throws what `invalid` makes, what the callbacks throw, and the reason of the checkpoint's signal.
 */
export async function surveyTree(
  root: DirectoryNode,
  { onNode, onLink, invalid, pause }: SurveyOptions,
): Promise<TreeSurvey> {
  const links = new Map<RootfsNode, number>();
  const parents = new Map<DirectoryNode, DirectoryNode>();
  const directories: DirectoryNode[] = [];

  for (const { node, path, name, parent } of walkTree(root)) {
    const pausing = pause();
    if (pausing) await pausing;
    const known = links.get(node);
    const fault =
      (node === root ? undefined : nameFault(name)) ??
      (known === undefined ? nodeFault(node) : againFault(node));
    if (fault !== undefined) throw invalid(path, fault);
    if (known === undefined) onNode(node, path);
    if (node.kind === "directory") {
      links.set(node, 2);
      directories.push(node);
      if (node === root) continue;
      parents.set(node, parent);
      links.set(parent, (links.get(parent) ?? 0) + 1);
    } else {
      const names = (known ?? 0) + 1;
      links.set(node, names);
      if (names > 1) onLink?.(path, names);
    }
  }
  return {
    directories,
    nodes: links.size,
    linksOf: (node) => links.get(node) ?? 0,
    parentOf: (directory) => parents.get(directory) ?? root,
  };
}

/** Only a directory may not have a second name. */
function againFault(node: RootfsNode): string | undefined {
  return node.kind === "directory" ? "is a directory that has another name already" : undefined;
}
