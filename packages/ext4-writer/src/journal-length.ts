/** How long the journal is, in blocks (mke2fs, ext2fs_default_journal_size). */
const lengths: readonly (readonly [below: number, length: number])[] = [
  [2 ** 11, 0],
  [2 ** 15, 1024],
  [2 ** 18, 4096],
  [2 ** 19, 8192],
  [2 ** 22, 16_384],
  [2 ** 23, 32_768],
  [2 ** 24, 65_536],
  [2 ** 25, 131_072],
];

/** Blocks of the journal of a file system of `blocks` blocks; 0 where it is too small for one. */
export function journalBlocks(blocks: number): number {
  return lengths.find(([below]) => blocks < below)?.[1] ?? 2 ** 18;
}
