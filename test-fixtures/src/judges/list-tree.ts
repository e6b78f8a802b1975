import { runTool } from "./run-tool.ts";
import { LIST_TREE_SCRIPT } from "./list-tree-script.ts";

export type TreeEntryType =
  | "file"
  | "directory"
  | "symlink"
  | "character-device"
  | "block-device"
  | "fifo"
  | "socket";

/** One name of a directory tree, as the kernel tells it. Strings of bytes hold one character per byte (latin1). */
export interface TreeEntry {
  readonly type: TreeEntryType;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, negative too. */
  readonly mtime: bigint;
  /** Bytes of a file's content or a symbolic link's target; absent for all else, where file systems differ. */
  readonly size?: number;
  readonly device?: { readonly major: number; readonly minor: number };
  readonly linkTarget?: string;
  /** The first path, in byte order, of the names in this tree that are the same inode. Absent for directories. */
  readonly linkGroup?: string;
  /** The inode's count of links. Absent for directories, where file systems differ. */
  readonly links?: number;
  /** Values in hexadecimal, by name. */
  readonly xattrs: ReadonlyMap<string, string>;
  /** Of a file's content, in hexadecimal. */
  readonly sha256?: string;
}

/** By path from the tree's root, in byte order: `/` is the root itself. */
export type TreeListing = Map<string, TreeEntry>;

/**
 * Lists a tree with a Python program that shares no code with what it judges; root sees all xattrs and files. Python
 * because no set of shell tools tells names, device numbers and xattrs byte by byte without quoting of its own.
 */
export async function listTree(directory: string): Promise<TreeListing> {
  const lines = await runTool("python3", ["-I", "-c", LIST_TREE_SCRIPT, directory]);
  const listing: TreeListing = new Map();
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const { path, mtime, xattrs, ...rest } = JSON.parse(line) as ListedEntry;
    listing.set(path, { ...rest, mtime: BigInt(mtime), xattrs: new Map(Object.entries(xattrs)) });
  }
  return listing;
}

type ListedEntry = Omit<TreeEntry, "mtime" | "xattrs"> & {
  readonly path: string;
  readonly mtime: string;
  readonly xattrs: Readonly<Record<string, string>>;
};
