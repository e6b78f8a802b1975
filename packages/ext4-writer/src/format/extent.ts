/** The nodes of an extent tree (ext4 documentation, "Extent Tree"): a header and entries of 12 bytes. */

const magic = 0xf30a;
const headerSize = 12;
const entrySize = 12;

/** Entries in i_block. */
export const rootCapacity = 4;

/** Entries in a block; what is left over holds the checksum. */
export function nodeCapacity(blockSize: number): number {
  return Math.floor((blockSize - headerSize) / entrySize);
}

export interface ExtentHeader {
  readonly entries: number;
  readonly capacity: number;
  /** 0 where the entries are extents, else levels down to them. */
  readonly depth: number;
}

export function encodeExtentHeader(
  node: Buffer,
  offset: number,
  { entries, capacity, depth }: ExtentHeader,
): void {
  node.writeUInt16LE(magic, offset);
  node.writeUInt16LE(entries, offset + 2);
  node.writeUInt16LE(capacity, offset + 4);
  node.writeUInt16LE(depth, offset + 6);
  node.writeUInt32LE(0, offset + 8);
}

/** Entry `index` of a leaf; `length` is 1 to 32,768 blocks. */
export function encodeExtent(
  node: Buffer,
  offset: number,
  index: number,
  extent: { readonly logical: number; readonly physical: number; readonly length: number },
): void {
  const at = offset + headerSize + index * entrySize;
  node.writeUInt32LE(extent.logical, at);
  node.writeUInt16LE(extent.length, at + 4);
  node.writeUInt16LE(0, at + 6);
  node.writeUInt32LE(extent.physical, at + 8);
}

/** Entry `index` of an inner node: from block `logical` of the file on, look in block `child`. */
export function encodeExtentIndex(
  node: Buffer,
  offset: number,
  index: number,
  entry: { readonly logical: number; readonly child: number },
): void {
  const at = offset + headerSize + index * entrySize;
  node.writeUInt32LE(entry.logical, at);
  node.writeUInt32LE(entry.child, at + 4);
  node.writeUInt32LE(0, at + 8);
}

/** Where the checksum of a block's node lies; it covers all before it. */
export function extentTailOffset(blockSize: number): number {
  return headerSize + entrySize * nodeCapacity(blockSize);
}
