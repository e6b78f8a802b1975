import { constants, zstdCompressSync } from "node:zlib";
import type { SquashfsBlockSize } from "../options.ts";
import { compressionIds, type Compressor } from "./compressor.ts";

/** What readers take for granted when the image holds no options. */
const defaultLevel = 15;

/**
 * One zstd frame a block. The synchronous call knows a block's size before it starts, so the frame is a single segment: readers need
 * no window beyond the block, and the kernel refuses any larger.
 */
export function createZstdCompressor(level: number, _blockSize: SquashfsBlockSize): Compressor {
  const params = { [constants.ZSTD_c_compressionLevel]: level };
  return {
    id: compressionIds.zstd,
    options: zstdOptions(level),
    compress(block) {
      const compressed = zstdCompressSync(block, { params });
      return compressed.length < block.length ? compressed : undefined;
    },
  };
}

function zstdOptions(level: number): Uint8Array | undefined {
  if (level === defaultLevel) return undefined;
  const options = Buffer.alloc(4);
  options.writeUInt32LE(level);
  return options;
}
