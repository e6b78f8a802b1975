import {
  displayPath,
  sortedEntries,
  surveyTree,
  type ByteString,
  type Checkpoint,
  type DirectoryNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import { SquashfsError } from "./errors.ts";

/** The tree as inodes, numbered from 1 in the order in which they are written. */
export interface Inventory {
  /** Each after all that are below it, the root last. */
  readonly directories: readonly DirectoryNode[];
  /** How many nodes there are: also the number of the last, which is the root. */
  readonly inodes: number;
  numberOf(node: RootfsNode): number;
  /** Number of the directory that holds a directory; of the root's: one that no inode has. */
  parentNumberOf(directory: DirectoryNode): number;
  linksOf(node: RootfsNode): number;
}

export interface InventoryOptions {
  /** Told every node once, with a path. */
  readonly onNode: (node: RootfsNode, path: ByteString) => void;
  readonly pause: Checkpoint;
}

/** Above what `number` of 32 bits says, with a margin for the root's parent. */
const maxInodes = 2 ** 32 - 3;

/**
 * Numbers and checks all nodes. Those of one directory get numbers in a row, in byte order, after all that is below them:
 * so a directory's listing refers to inodes that lie together.
 *
 * @throws {SquashfsError} SQUASHFS_TREE_INVALID, SQUASHFS_TOO_LARGE, and what `onNode` throws.
 */
export async function takeInventory(
  root: DirectoryNode,
  { onNode, pause }: InventoryOptions,
): Promise<Inventory> {
  const survey = await surveyTree(root, {
    onNode(node, path) {
      if (node.kind === "symlink") checkTarget(node.target, path);
      onNode(node, path);
    },
    invalid,
    pause,
  });
  if (survey.nodes > maxInodes)
    throw new SquashfsError(
      "SQUASHFS_TOO_LARGE",
      `the tree has ${survey.nodes} nodes, more than squashfs can number`,
      "make the tree smaller",
    );

  const directories = survey.directories.toReversed();
  const numbers = await numberNodes(root, directories, pause);
  return {
    directories,
    inodes: numbers.size,
    numberOf: (node) => numbers.get(node) ?? 0,
    parentNumberOf: (directory) =>
      directory === root ? numbers.size + 1 : (numbers.get(survey.parentOf(directory)) ?? 0),
    linksOf: (node) => survey.linksOf(node),
  };
}

async function numberNodes(
  root: DirectoryNode,
  directories: readonly DirectoryNode[],
  pause: Checkpoint,
): Promise<Map<RootfsNode, number>> {
  const numbers = new Map<RootfsNode, number>();
  for (const directory of directories)
    for (const [, node] of sortedEntries(directory)) {
      const pausing = pause();
      if (pausing) await pausing;
      // A node with several names is written with the first of them.
      if (!numbers.has(node)) numbers.set(node, numbers.size + 1);
    }
  return numbers.set(root, numbers.size + 1);
}

function checkTarget(target: ByteString, path: ByteString): void {
  if (target.length < 1 || target.length > 4095 || target.includes("\0"))
    throw invalid(path, "has a target that no symlink can have");
}

/** A tree that says what cannot be. */
export function invalid(path: ByteString, what: string): SquashfsError {
  return new SquashfsError("SQUASHFS_TREE_INVALID", `${displayPath(path)} ${what}`, "correct the tree");
}
