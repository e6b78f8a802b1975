import { constants, zstdCompressSync } from "node:zlib";
import { compressionIds, type Compressor } from "./compressor.ts";
import { zstdParameters } from "./zstd-parameters.ts";

/** What readers take for granted when the image holds no options. */
const defaultLevel = 15;

/**
 * One zstd frame a block (RFC 8878). The synchronous call knows a block's size before it starts, so the frame asks for no window
 * beyond the block: the kernel refuses a larger one, which streams and asynchronous calls do ask for. `level` is 1 to 22.
 */
export function createZstdCompressor(level: number): Compressor {
  return {
    id: compressionIds.zstd,
    options: zstdOptions(level),
    compress(block) {
      const compressed = zstdCompressSync(block, {
        params: zstdParameters(level, block),
        // Room for all that is of use: the library then compresses straight into it.
        chunkSize: Math.max(block.length, constants.Z_MIN_CHUNK),
      });
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
