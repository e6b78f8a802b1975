import { crc32c } from "../crc32c.ts";
import { crc32cUInt64 } from "../checksum.ts";

/** Extended attributes (ext4 documentation, "Extended Attributes"). */
export interface XattrEntry {
  /** Stands for the name's prefix. */
  readonly index: number;
  /** The name without its prefix. */
  readonly name: Buffer;
  readonly value: Uint8Array;
}

const magic = 0xea02_0000;

/** Where the entries of an attribute block begin. */
export const xattrBlockHeaderSize = 32;

/** The magic number before the entries inside an inode. */
export const xattrInodeHeaderSize = 4;

/** Ends the list of entries. */
const terminatorSize = 4;

/** h_refcount: as many inodes may share a block (EXT4_XATTR_REFCOUNT_MAX). */
export const maxXattrReferences = 1024;

/** Bytes of an entry and its value. */
export function xattrEntrySize({ name, value }: XattrEntry): number {
  return alignedTo4(16 + name.length) + alignedTo4(value.length);
}

/** Bytes of a list with its end mark. */
export function xattrListSize(entries: readonly XattrEntry[]): number {
  return entries.reduce((sum, entry) => sum + xattrEntrySize(entry), terminatorSize);
}

/** The order the kernel looks them up in: prefix, length of the name, name. */
export function compareXattrs(a: XattrEntry, b: XattrEntry): number {
  return a.index - b.index || a.name.length - b.name.length || Buffer.compare(a.name, b.name);
}

/** Attributes inside an inode: from `start` to `end`, which must be zero; offsets count from the first entry. */
export function encodeInodeXattrs(
  table: Buffer,
  start: number,
  end: number,
  entries: readonly XattrEntry[],
): void {
  table.writeUInt32LE(magic, start);
  const first = start + xattrInodeHeaderSize;
  encodeEntries(table, first, end, first, entries, () => 0);
}

/**
 * An attribute block but for what depends on its place and use: reference count and checksum. The same attributes give
 * the same bytes, by which inodes share blocks.
 */
export function encodeXattrBlock(blockSize: number, entries: readonly XattrEntry[]): Buffer {
  const block = Buffer.alloc(blockSize);
  block.writeUInt32LE(magic, 0);
  block.writeUInt32LE(1, 8);
  let hash = 0;
  encodeEntries(block, xattrBlockHeaderSize, blockSize, 0, entries, (entry) => {
    const own = entryHash(entry);
    hash = rotated(hash, 16) ^ own;
    return own;
  });
  block.writeUInt32LE(hash >>> 0, 12);
  return block;
}

/** `seed` is the file system's. */
export function sealXattrBlock(block: Buffer, number: number, references: number, seed: number): void {
  block.writeUInt32LE(references, 4);
  block.writeUInt32LE(0, 16);
  block.writeUInt32LE(crc32c(crc32cUInt64(seed, number), block), 16);
}

/** Entries grow from `first` up, values from `end` down; value offsets count from `base`. */
function encodeEntries(
  target: Buffer,
  first: number,
  end: number,
  base: number,
  entries: readonly XattrEntry[],
  hashOf: (entry: XattrEntry) => number,
): void {
  let at = first;
  let values = end;
  for (const entry of entries) {
    values -= alignedTo4(entry.value.length);
    target[at] = entry.name.length;
    target[at + 1] = entry.index;
    target.writeUInt16LE(entry.value.length > 0 ? values - base : 0, at + 2);
    target.writeUInt32LE(entry.value.length, at + 8);
    target.writeUInt32LE(hashOf(entry) >>> 0, at + 12);
    entry.name.copy(target, at + 16);
    target.set(entry.value, values);
    at += alignedTo4(16 + entry.name.length);
  }
}

/** e_hash: over the name's bytes, then over the value's words, padded with zeros. */
function entryHash({ name, value }: XattrEntry): number {
  let hash = 0;
  for (const byte of name) hash = rotated(hash, 5) ^ byte;
  const padded = Buffer.alloc(alignedTo4(value.length));
  padded.set(value);
  for (let at = 0; at < padded.length; at += 4) hash = rotated(hash, 16) ^ padded.readInt32LE(at);
  return hash;
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function alignedTo4(length: number): number {
  return (length + 3) & ~3;
}
