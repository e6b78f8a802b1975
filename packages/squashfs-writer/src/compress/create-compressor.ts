import type { SquashfsBlockSize, SquashfsCompression } from "../options.ts";
import type { Compressor } from "./compressor.ts";
import { createGzipCompressor } from "./gzip.ts";
import { createLz4HcCompressor } from "./lz4-hc.ts";
import { createLz4Compressor } from "./lz4.ts";
import { createStoredCompressor } from "./stored.ts";
import { createXzCompressor } from "./xz.ts";
import { createZstdCompressor } from "./zstd.ts";

/**
 * The compressor for an image of `blockSize`; `compression` has been checked. Only the library that is asked for is loaded. Throws
 * SQUASHFS_COMPRESSOR_MISSING.
 *
 * `program`: URL of the module beside which native packages are installed, where this code runs from no file.
 */
export async function createCompressor(
  compression: SquashfsCompression,
  blockSize: SquashfsBlockSize,
  program?: string,
): Promise<Compressor> {
  switch (compression.kind) {
    case "zstd":
      return createZstdCompressor(compression.level ?? 15);
    case "gzip":
      return createGzipCompressor(compression.level ?? 9);
    case "xz":
      return createXzCompressor(compression.level ?? 6, compression.filters, blockSize, program);
    case "lz4":
      return compression.highCompression ? createLz4HcCompressor(blockSize) : createLz4Compressor(blockSize);
    case "none":
      return createStoredCompressor();
  }
}
