import {
  compareByteStrings,
  sortedEntries,
  walkTree,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
  type Timestamp,
} from "@bootlayer/rootfs-tree";
import type { Checkpoint } from "./checkpoint.ts";
import { Ext4Error } from "./errors.ts";
import { firstInode, rootInode } from "./format/inode.ts";
import type { BlockSize } from "./geometry.ts";
import { displayPath, placeXattrs } from "./xattr.ts";

/** The tree as inodes: numbers given out parents first, siblings in byte order. */
export interface Inventory {
  /** By inode number; none at the reserved ones but the root's. */
  readonly nodes: readonly (RootfsNode | undefined)[];
  readonly lastInode: number;
  numberOf(node: RootfsNode): number;
  /** Inode number of the directory that holds a directory. */
  parentOf(directory: DirectoryNode): number;
  /** i_links_count. */
  linksOf(inode: number): number;
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
  const parents = new Map<DirectoryNode, number>();
  const nodes: (RootfsNode | undefined)[] = [];
  const links: number[] = [];
  const present = root.entries.get(lostFoundName);
  const lostFound = present ?? emptyLostFound(time);
  let lastInode = firstInode;

  function register(node: RootfsNode, inode: number, path: ByteString): void {
    checkNode(node, blockSize, path);
    numbers.set(node, inode);
    nodes[inode] = node;
    links[inode] = node.kind === "directory" ? 2 : 0;
    if (node.kind === "file") onFile(node, path);
  }

  for (const { node, path, name, parent } of walkTree(root)) {
    const pausing = pause();
    if (pausing) await pausing;
    const known = numbers.get(node);
    if (known === undefined)
      register(node, node === root ? rootInode : node === lostFound ? firstInode : ++lastInode, path);
    else if (node.kind === "directory") throw invalid(path, "is a directory that has another name already");
    const inode = known ?? numbers.get(node) ?? 0;
    if (node.kind === "directory") {
      const parentInode = numbers.get(parent) ?? rootInode;
      parents.set(node, parentInode);
      if (node !== root) links[parentInode] = (links[parentInode] ?? 0) + 1;
    } else {
      links[inode] = (links[inode] ?? 0) + 1;
      if ((links[inode] ?? 0) > maxLinks)
        throw new Ext4Error(
          "EXT4_TOO_MANY_LINKS",
          `${displayPath(path)} is one of more than ${maxLinks} names of one file, which ext4 does not allow`,
          "make copies of the file in place of some hard links",
        );
    }
    if (node !== root) checkName(name, path);
  }

  if (!present) {
    register(lostFound, firstInode, lostFoundName);
    links[rootInode] = (links[rootInode] ?? 0) + 1;
  }
  return {
    nodes,
    lastInode,
    numberOf: (node) => numbers.get(node) ?? 0,
    parentOf: (directory) => parents.get(directory) ?? rootInode,
    // A directory with more subdirectories than it can count has the count 1 (dir_nlink).
    linksOf: (inode) => ((links[inode] ?? 0) > maxLinks ? 1 : (links[inode] ?? 0)),
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

function checkNode(node: RootfsNode, blockSize: BlockSize, path: ByteString): void {
  checkAttributes(node.attributes, path);
  placeXattrs(node.attributes.xattrs, blockSize, path);
  switch (node.kind) {
    case "symlink":
      checkTarget(node.target, blockSize, path);
      return;
    case "character-device":
    case "block-device": {
      const { major, minor } = node.device;
      if (!isUnsigned(major, 12) || !isUnsigned(minor, 20))
        throw invalid(path, `has the device number ${major}:${minor}`);
      return;
    }
    case "file":
      if (!isUnsigned(node.size, 53) || (node.size === 0) !== (node.content === undefined))
        throw invalid(
          path,
          `has ${node.size} bytes and ${node.content === undefined ? "no" : "some"} content`,
        );
      return;
    case "directory":
    case "fifo":
    case "socket":
      return;
    default:
      node satisfies never;
  }
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

function invalid(path: ByteString, what: string): Ext4Error {
  return new Ext4Error("EXT4_TREE_INVALID", `${displayPath(path)} ${what}`, "correct the tree");
}
