import { compressionIds, type Compressor } from "./compressor.ts";

/** Every block is stored as it is. The superblock must still name a compressor: gzip, which every kernel with squashfs has. */
export function createStoredCompressor(): Compressor {
  return { id: compressionIds.gzip, options: undefined, compress: () => undefined };
}
