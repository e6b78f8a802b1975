import type { BlockCompressor } from "./compress/compressor.ts";
import { SquashfsError } from "./errors.ts";
import {
  chunkSize,
  encodeChunkHeader,
  metadataReference,
  type MetadataReference,
} from "./format/metadata-chunk.ts";

/** A table of records of any length, packed in chunks as they fill. */
export interface MetadataTable {
  /** Where the next record will begin. */
  reference(): MetadataReference;
  /**
   * Adds a record, or more of the last one. A returned promise must settle before any other call, and before the caller
   * uses the bytes' memory again.
   */
  append(bytes: Uint8Array): Promise<void> | undefined;
  /** Packs what is left. */
  finish(): Promise<void>;
}

export interface ChunkPacking {
  /** Absent: chunks are stored as they are. */
  readonly compressor: BlockCompressor | undefined;
  /** Takes the chunks' stored bytes one after another; their memory is free again when it returns. */
  readonly emit: (bytes: Uint8Array) => void;
}

/** References have 32 bits for a chunk's start. */
const maxChunkStart = 2 ** 32 - 1;

/** The calls throw SQUASHFS_TOO_LARGE once a chunk would begin beyond 4 GiB; `name` is for the message. */
export function createMetadataTable(name: string, packing: ChunkPacking): MetadataTable {
  const chunk = Buffer.alloc(chunkSize);
  let filled = 0;
  let chunkStart = 0;

  async function pack(): Promise<void> {
    chunkStart += await emitChunk(chunk.subarray(0, filled), packing);
    filled = 0;
    if (chunkStart > maxChunkStart)
      throw new SquashfsError(
        "SQUASHFS_TOO_LARGE",
        `the ${name} table takes more than 4 GiB, which is all that squashfs can refer to`,
        "make the tree smaller, or compress the metadata",
      );
  }

  async function appendAndPack(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(bytes.length - done, chunkSize - filled);
      chunk.set(bytes.subarray(done, done + length), filled);
      filled += length;
      done += length;
      if (filled === chunkSize) await pack();
    }
  }

  return {
    reference: () => metadataReference(chunkStart, filled),
    append(bytes) {
      if (filled + bytes.length >= chunkSize) return appendAndPack(bytes);
      chunk.set(bytes, filled);
      filled += bytes.length;
      return undefined;
    },
    async finish() {
      if (filled > 0) await pack();
    },
  };
}

/** Packs one chunk; answers its length with header. */
export async function emitChunk(chunk: Uint8Array, { compressor, emit }: ChunkPacking): Promise<number> {
  const packed = await compressor?.compress(chunk);
  const stored = packed ?? chunk;
  emit(encodeChunkHeader(stored.length, packed === undefined));
  emit(stored);
  return stored.length + 2;
}
