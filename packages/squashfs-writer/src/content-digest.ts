import { createHash } from "node:crypto";

/** Tells the contents of one length apart; holes cost nothing, and are the same as zeros that were written. */
export interface ContentDigest {
  /** The next block, which is not all zeros. */
  addBlock(bytes: Uint8Array): void;
  addZeroBlocks(count: number): void;
  /** A character for each byte. Nothing may be added after it. */
  value(): string;
}

/**
 * SHA-256 of all blocks that are not zeros, then of the runs of those that are, then of the number of runs: read from its
 * end, and with the length known, what is hashed has one meaning.
 */
export function createContentDigest(): ContentDigest {
  const hash = createHash("sha256");
  /** Starts and lengths by turns. */
  const zeroRuns: number[] = [];
  let blocks = 0;
  let digest: string | undefined;
  return {
    addBlock(bytes) {
      hash.update(bytes);
      blocks++;
    },
    addZeroBlocks(count) {
      const last = zeroRuns.length - 1;
      if (last > 0 && (zeroRuns[last - 1] ?? 0) + (zeroRuns[last] ?? 0) === blocks)
        zeroRuns[last] = (zeroRuns[last] ?? 0) + count;
      else zeroRuns.push(blocks, count);
      blocks += count;
    },
    value() {
      digest ??= hash.update(new Float64Array([...zeroRuns, zeroRuns.length])).digest("binary");
      return digest;
    },
  };
}
