/** Extended attributes (squashfs_fs.h, `struct squashfs_xattr_*`); every number is little-endian. */

/** Prefixes and the numbers that stand for them; there are no others. */
export const xattrPrefixes: readonly (readonly [prefix: string, type: number])[] = [
  ["user.", 0],
  ["trusted.", 1],
  ["security.", 2],
];

/** Type bit: the value is elsewhere, and 64 bits here refer to it. */
const outOfLineFlag = 0x100;

/** A value of more bytes takes less room as a reference to an equal one. */
export const outOfLineSize = 8;

export interface XattrName {
  /** Of `xattrPrefixes`. */
  readonly type: number;
  /** Without the prefix. */
  readonly rest: Uint8Array;
}

export function encodeXattrName({ type, rest }: XattrName, isOutOfLine: boolean): Buffer {
  const bytes = Buffer.alloc(4 + rest.length);
  bytes.writeUInt16LE(isOutOfLine ? type | outOfLineFlag : type, 0);
  bytes.writeUInt16LE(rest.length, 2);
  bytes.set(rest, 4);
  return bytes;
}

export function encodeXattrValue(value: Uint8Array): Buffer {
  const bytes = Buffer.alloc(4 + value.length);
  bytes.writeUInt32LE(value.length, 0);
  bytes.set(value, 4);
  return bytes;
}

/** In place of a value: where an equal one is. */
export function encodeXattrValueReference(reference: number): Buffer {
  const bytes = Buffer.alloc(4 + outOfLineSize);
  bytes.writeUInt32LE(outOfLineSize, 0);
  bytes.writeBigUInt64LE(BigInt(reference), 4);
  return bytes;
}

export const xattrSetSize = 16;

export interface XattrSet {
  /** Reference to the first of its pairs. */
  readonly pairs: number;
  readonly count: number;
  /** Bytes of full names, each with a NUL, and values. */
  readonly size: number;
}

export function encodeXattrSet(table: Buffer, index: number, set: XattrSet): void {
  const at = index * xattrSetSize;
  table.writeBigUInt64LE(BigInt(set.pairs), at);
  table.writeUInt32LE(set.count, at + 8);
  table.writeUInt32LE(set.size, at + 12);
}

/** What stands before the list of the sets' chunks: where the pairs begin, and how many sets there are. */
export function encodeXattrTableHeader(pairsStart: number, sets: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(pairsStart), 0);
  bytes.writeUInt32LE(sets, 8);
  return bytes;
}
