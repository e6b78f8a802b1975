import type { MetadataReference } from "./metadata-chunk.ts";

/** The export table's records: where each inode is, by number, the first at 0. */
export function encodeExportTable(inodes: readonly MetadataReference[]): Buffer {
  const table = Buffer.alloc(inodes.length * 8);
  for (const [index, reference] of inodes.entries()) table.writeBigUInt64LE(BigInt(reference), index * 8);
  return table;
}
