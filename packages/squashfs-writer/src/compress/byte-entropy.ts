const stretchBytes = 1024;
const stretchEvery = 4096;

/**
 * The entropy of a block's bytes, each by itself, in bits a byte: 0 where all are the same, 8 where all values are as frequent. Looks
 * at the first 1 KiB of every 4 KiB.
 */
export function byteEntropy(block: Uint8Array): number {
  const counts = new Uint32Array(256);
  let total = 0;
  for (let start = 0; start < block.length; start += stretchEvery) {
    const end = Math.min(start + stretchBytes, block.length);
    for (let at = start; at < end; at++) {
      const byte = block[at] ?? 0;
      counts[byte] = (counts[byte] ?? 0) + 1;
    }
    total += end - start;
  }
  return counts.reduce(
    (sum, count) => sum + (count === 0 ? 0 : (count / total) * Math.log2(total / count)),
    0,
  );
}
