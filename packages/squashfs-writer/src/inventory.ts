import {
  sortedEntries,
  walkTree,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import type { Checkpoint } from "./checkpoint.ts";
import { SquashfsError } from "./errors.ts";
import { displayPath } from "./xattr-pairs.ts";

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
  const links = new Map<RootfsNode, number>();
  const parents = new Map<DirectoryNode, DirectoryNode>();
  const parentsFirst: DirectoryNode[] = [];

  for (const { node, path, name, parent } of walkTree(root)) {
    const pausing = pause();
    if (pausing) await pausing;
    if (node !== root) checkName(name, path);
    const known = links.get(node);
    if (known === undefined) {
      checkNode(node, path);
      onNode(node, path);
    } else if (node.kind === "directory") throw invalid(path, "is a directory that has another name already");
    if (node.kind === "directory") {
      links.set(node, 2);
      parentsFirst.push(node);
      if (node === root) continue;
      parents.set(node, parent);
      links.set(parent, (links.get(parent) ?? 0) + 1);
    } else links.set(node, (known ?? 0) + 1);
  }
  if (links.size > maxInodes)
    throw new SquashfsError(
      "SQUASHFS_TOO_LARGE",
      `the tree has ${links.size} nodes, more than squashfs can number`,
      "make the tree smaller",
    );

  const directories = parentsFirst.toReversed();
  const numbers = await numberNodes(root, directories, pause);
  return {
    directories,
    inodes: numbers.size,
    numberOf: (node) => numbers.get(node) ?? 0,
    parentNumberOf(directory) {
      const parent = parents.get(directory);
      return (parent && numbers.get(parent)) ?? numbers.size + 1;
    },
    linksOf: (node) => links.get(node) ?? 0,
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

function checkNode(node: RootfsNode, path: ByteString): void {
  checkAttributes(node.attributes, path);
  switch (node.kind) {
    case "symlink":
      if (node.target.length < 1 || node.target.length > 4095 || node.target.includes("\0"))
        throw invalid(path, "has a target that no symlink can have");
      return;
    case "character-device":
    case "block-device": {
      const { major, minor } = node.device;
      if (!isUnsigned(major, 12) || !isUnsigned(minor, 20))
        throw invalid(path, `has the device number ${major}:${minor}`);
      return;
    }
    case "file":
      checkFile(node, path);
      return;
    case "directory":
    case "fifo":
    case "socket":
      return;
    default:
      node satisfies never;
  }
}

function checkFile({ size, content }: FileNode, path: ByteString): void {
  if (!isUnsigned(size, 53) || (size === 0) !== (content === undefined))
    throw invalid(path, `has ${size} bytes and ${content === undefined ? "no" : "some"} content`);
}

function checkAttributes({ mode, uid, gid, mtime }: Attributes, path: ByteString): void {
  if (!isUnsigned(mode, 12)) throw invalid(path, `has the mode ${mode}`);
  if (!isUnsigned(uid, 32) || !isUnsigned(gid, 32)) throw invalid(path, `has the owner ${uid}:${gid}`);
  if (
    !Number.isSafeInteger(mtime.seconds) ||
    !isUnsigned(mtime.nanoseconds, 30) ||
    mtime.nanoseconds > 999_999_999
  )
    throw invalid(path, `has the time ${mtime.seconds} s ${mtime.nanoseconds} ns`);
}

function checkName(name: ByteString, path: ByteString): void {
  if (name.length < 1 || name.length > 255 || name === "." || name === ".." || /[/\0]/.test(name))
    throw invalid(path, "has a name that no directory can hold");
}

function isUnsigned(value: number, bits: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** bits;
}

/** A tree that says what cannot be. */
export function invalid(path: ByteString, what: string): SquashfsError {
  return new SquashfsError("SQUASHFS_TREE_INVALID", `${displayPath(path)} ${what}`, "correct the tree");
}
