/** Numbers of the superblock's `compression` field (squashfs_fs.h). */
export const compressionIds = { gzip: 1, xz: 4, lz4: 5, zstd: 6 } as const;

/** Metadata are compressed in pieces of so many bytes, whatever the block size. */
export const metadataChunkBytes = 8192;

/** A block that is compressed by itself; the same input and options give the same output, on every thread and machine. */
export interface BlockCompressor {
  /**
   * The compressed form of a block: of 1 byte up to the image's block size, or up to 8 KiB of metadata if that is more. Undefined
   * where it is not shorter than the input: then the block is stored as it is.
   *
   * One block at a time: the next call may follow when the answer is there. The answer's memory is good until that call; the
   * block's is not kept. Only xz answers with a promise: its library works on a thread of its own.
   */
  compress(block: Uint8Array): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/** What the kernel and the tools are told of a compressor. */
export interface CompressorDescription {
  readonly id: (typeof compressionIds)[keyof typeof compressionIds];
  /**
   * The compressor's options, as they follow the superblock (without the metadata header); undefined where all have their defaults
   * and the format lets them be left out.
   */
  readonly options: Uint8Array | undefined;
}

export type Compressor = BlockCompressor & CompressorDescription;
