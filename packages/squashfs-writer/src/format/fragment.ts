import type { FragmentBlock } from "./placed-content.ts";

/** The fragment table's records (squashfs_fs.h, `struct squashfs_fragment_entry`). */
export function encodeFragmentTable(fragments: readonly FragmentBlock[]): Buffer {
  const table = Buffer.alloc(fragments.length * 16);
  for (const [index, { start, word }] of fragments.entries()) {
    table.writeBigUInt64LE(BigInt(start), index * 16);
    table.writeUInt32LE(word, index * 16 + 8);
  }
  return table;
}
