import type { ByteString } from "@bootlayer/rootfs-tree";

/** Directory listings (squashfs_fs.h, `struct squashfs_dir_*`); every number is little-endian. */

/** A run of entries whose inodes begin in one chunk and have near numbers. */
export interface DirectoryRun {
  /** 1 to 256. */
  readonly count: number;
  /** Start of the inodes' chunk. */
  readonly chunkStart: number;
  /** Inode number that the entries' differences add to. */
  readonly baseNumber: number;
}

export const runHeaderSize = 12;

/** What a run holds at most. */
export const maxRunEntries = 256;

export function encodeRunHeader(bytes: Buffer, at: number, run: DirectoryRun): void {
  bytes.writeUInt32LE(run.count - 1, at);
  bytes.writeUInt32LE(run.chunkStart, at + 4);
  bytes.writeUInt32LE(run.baseNumber, at + 8);
}

export interface DirectoryEntry {
  /** Of the inode, in its chunk. */
  readonly offset: number;
  /** -32,768 to 32,767. */
  readonly numberDifference: number;
  /** Of the basic inode, also where the inode is an extended one. */
  readonly type: number;
  readonly name: ByteString;
}

export function directoryEntrySize(name: ByteString): number {
  return 8 + name.length;
}

export function encodeDirectoryEntry(bytes: Buffer, at: number, entry: DirectoryEntry): void {
  bytes.writeUInt16LE(entry.offset, at);
  bytes.writeInt16LE(entry.numberDifference, at + 2);
  bytes.writeUInt16LE(entry.type, at + 4);
  bytes.writeUInt16LE(entry.name.length - 1, at + 6);
  bytes.write(entry.name, at + 8, "latin1");
}

/** Where a reader may enter a long listing, kept in the directory's inode. */
export interface DirectoryIndexEntry {
  /** Offset in the listing of a run's header. */
  readonly offset: number;
  /** Start of the chunk of the directory table that the header begins in. */
  readonly chunkStart: number;
  /** First name of the run. */
  readonly name: ByteString;
}

/** The count of index entries has 16 bits. */
export const maxIndexEntries: number = 2 ** 16 - 1;

export function directoryIndexEntrySize({ name }: DirectoryIndexEntry): number {
  return 12 + name.length;
}

/** Answers the size of what it wrote. */
export function encodeDirectoryIndexEntry(bytes: Buffer, at: number, entry: DirectoryIndexEntry): number {
  bytes.writeUInt32LE(entry.offset, at);
  bytes.writeUInt32LE(entry.chunkStart, at + 4);
  bytes.writeUInt32LE(entry.name.length - 1, at + 8);
  bytes.write(entry.name, at + 12, "latin1");
  return directoryIndexEntrySize(entry);
}
