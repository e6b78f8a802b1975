import type { BlockCompressor } from "./compressor.ts";
import type { BlockToCompress, BlockToStore } from "./worker-messages.ts";

/** Puts the compressed form, being shorter, where the block was: no memory is made for it, and one piece travels both ways. */
export async function compressInPlace(
  compressor: BlockCompressor,
  { memory, length }: BlockToCompress,
): Promise<BlockToStore> {
  const block = new Uint8Array(memory, 0, length);
  const answer = compressor.compress(block);
  const compressed = answer instanceof Promise ? await answer : answer;
  if (!compressed) return { memory, length, raw: true };
  block.set(compressed);
  return { memory, length: compressed.length, raw: false };
}
