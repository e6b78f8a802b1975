import {
  compareByteStrings,
  displayPath,
  sortedEntries,
  surveyTree,
  type ByteString,
  type Checkpoint,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
  type Timestamp,
} from "@bootlayer/rootfs-tree";
import { Ext4Error } from "./errors.ts";
import { firstInode, rootInode } from "./format/inode.ts";
import type { BlockSize } from "./geometry.ts";
import { placeXattrs } from "./xattr.ts";

/** The tree as inodes: numbers given out parents first, siblings in byte order. */
export interface Inventory {
  /** By inode number; none at the reserved ones but the root's. */
  readonly nodes: readonly (RootfsNode | undefined)[];
  readonly lastInode: number;
  numberOf(node: RootfsNode): number;
  /** Inode number of the directory that holds a directory. */
  parentOf(directory: DirectoryNode): number;
  /** i_links_count. */
  linksOf(node: RootfsNode): number;
  /** A directory's names and nodes in byte order; the root's with `lost+found`. */
  entriesOf(directory: DirectoryNode): readonly (readonly [ByteString, RootfsNode])[];
}

export interface InventoryOptions {
  readonly blockSize: BlockSize;
  /** Of a `lost+found` that the tree lacks. */
  readonly time: Timestamp;
  /** Told every file once, with a path. */
  readonly onFile: (file: FileNode, path: ByteString) => void;
  readonly pause: Checkpoint;
}

const lostFoundName: ByteString = "lost+found" as ByteString;

/** EXT4_LINK_MAX. */
const maxLinks = 65_000;

/**
 * Numbers and checks all nodes, so that nothing after this can fail but for space.
 *
 * @throws {Ext4Error} EXT4_TREE_INVALID, EXT4_TOO_MANY_LINKS, EXT4_SYMLINK_TOO_LONG and what `placeXattrs` throws.
 */
export async function takeInventory(
  root: DirectoryNode,
  { blockSize, time, onFile, pause }: InventoryOptions,
): Promise<Inventory> {
  const numbers = new Map<RootfsNode, number>();
  const nodes: (RootfsNode | undefined)[] = [];
  const present = root.entries.get(lostFoundName);
  const lostFound = present ?? emptyLostFound(time);
  let lastInode = firstInode;

  function register(node: RootfsNode, path: ByteString): void {
    placeXattrs(node.attributes.xattrs, blockSize, path);
    if (node.kind === "symlink") checkTarget(node.target, blockSize, path);
    const inode = node === root ? rootInode : node === lostFound ? firstInode : ++lastInode;
    numbers.set(node, inode);
    nodes[inode] = node;
    if (node.kind === "file") onFile(node, path);
  }

  const survey = await surveyTree(root, { onNode: register, onLink: checkLinks, invalid, pause });
  if (!present) register(lostFound, lostFoundName);
  return {
    nodes,
    lastInode,
    numberOf: (node) => numbers.get(node) ?? 0,
    parentOf: (directory) => numbers.get(survey.parentOf(directory)) ?? rootInode,
    linksOf(node) {
      if (!present && node === lostFound) return 2;
      const links = survey.linksOf(node) + (!present && node === root ? 1 : 0);
      // A directory with more subdirectories than it can count has the count 1 (dir_nlink).
      return links > maxLinks ? 1 : links;
    },
    entriesOf(directory) {
      const entries = sortedEntries(directory);
      if (directory !== root || present) return entries;
      return [...entries, [lostFoundName, lostFound] as const].toSorted(([a], [b]) =>
        compareByteStrings(a, b),
      );
    },
  };
}

/** What e2fsck hangs orphans into. A tree's own entry of that name is used instead, whatever it is. */
function emptyLostFound(mtime: Timestamp): DirectoryNode {
  return {
    kind: "directory",
    attributes: { mode: 0o700, uid: 0, gid: 0, mtime, xattrs: new Map() },
    entries: new Map(),
  };
}

function checkLinks(path: ByteString, names: number): void {
  if (names > maxLinks)
    throw new Ext4Error(
      "EXT4_TOO_MANY_LINKS",
      `${displayPath(path)} is one of more than ${maxLinks} names of one file, which ext4 does not allow`,
      "make copies of the file in place of some hard links",
    );
}

function checkTarget(target: ByteString, blockSize: BlockSize, path: ByteString): void {
  if (target.length === 0 || target.includes("\0")) throw invalid(path, "has an invalid target");
  // The kernel wants the target and a NUL in one block.
  if (target.length >= blockSize)
    throw new Ext4Error(
      "EXT4_SYMLINK_TOO_LONG",
      `the target of ${displayPath(path)} has ${target.length} bytes; with blocks of ${blockSize} bytes ext4 holds ${blockSize - 1}`,
      blockSize === 4096 ? "no Linux system follows such a target" : "use blocks of 4096 bytes",
    );
}

function invalid(path: ByteString, what: string): Ext4Error {
  return new Ext4Error("EXT4_TREE_INVALID", `${displayPath(path)} ${what}`, "correct the tree");
}
