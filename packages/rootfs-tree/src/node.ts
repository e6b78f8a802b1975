import type { ByteString } from "./byte-string.ts";

/** A point in time; before 1970 `seconds` is negative and `nanoseconds` still counts forward. */
export interface Timestamp {
  /** Whole seconds since 1970-01-01T00:00:00Z, rounded down; a safe integer. */
  readonly seconds: number;
  /** 0 to 999,999,999. */
  readonly nanoseconds: number;
}

/** Extended attributes by full name (`security.capability`, `user.mime`); values are raw bytes in wire form. */
export type Xattrs = ReadonlyMap<ByteString, Uint8Array>;

/** What an inode holds beside its kind and content. Shared by all names of a hard-linked node. */
export interface Attributes {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. The file type is the node's `kind`. */
  readonly mode: number;
  /** 0 to 2^32 - 1. */
  readonly uid: number;
  /** 0 to 2^32 - 1. */
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly xattrs: Xattrs;
}

/** Names a file's bytes inside the image writer that took them; means nothing to anyone else. */
declare const contentHandleBrand: unique symbol;
export type ContentHandle = number & { readonly [contentHandleBrand]: true };

export interface DeviceNumber {
  /** 0 to 2^12 - 1 (what Linux holds). */
  readonly major: number;
  /** 0 to 2^20 - 1. */
  readonly minor: number;
}

/**
 * A node is an inode: several names that hold the same object are hard links of one another. A directory has one name.
 */
export type RootfsNode =
  | DirectoryNode
  | FileNode
  | SymlinkNode
  | CharacterDeviceNode
  | BlockDeviceNode
  | FifoNode
  | SocketNode;

export type NodeKind = RootfsNode["kind"];

export interface DirectoryNode {
  readonly kind: "directory";
  attributes: Attributes;
  /** By name, in no order; a name is 1 to 255 bytes without `/` and NUL, and neither `.` nor `..`. */
  readonly entries: Map<ByteString, RootfsNode>;
}

export interface FileNode {
  readonly kind: "file";
  readonly attributes: Attributes;
  /** Length in bytes, holes included. */
  readonly size: number;
  /** Where the image writer put the bytes. Absent only for a file of size 0. */
  readonly content: ContentHandle | undefined;
}

export interface SymlinkNode {
  readonly kind: "symlink";
  readonly attributes: Attributes;
  /** 1 to 4,095 bytes, as written: not normalised, possibly dangling. */
  readonly target: ByteString;
}

export interface CharacterDeviceNode {
  readonly kind: "character-device";
  readonly attributes: Attributes;
  readonly device: DeviceNumber;
}

export interface BlockDeviceNode {
  readonly kind: "block-device";
  readonly attributes: Attributes;
  readonly device: DeviceNumber;
}

export interface FifoNode {
  readonly kind: "fifo";
  readonly attributes: Attributes;
}

export interface SocketNode {
  readonly kind: "socket";
  readonly attributes: Attributes;
}

export function isDirectory(node: RootfsNode | undefined): node is DirectoryNode {
  return node?.kind === "directory";
}
