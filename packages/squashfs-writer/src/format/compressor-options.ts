import type { CompressorDescription } from "../compress/compressor.ts";
import { encodeChunkHeader } from "./metadata-chunk.ts";

/** A compressor's options as they follow the superblock: a metadata chunk that is never compressed. */
export function encodeCompressorOptions({ options }: CompressorDescription): Buffer {
  if (!options) return Buffer.alloc(0);
  return Buffer.concat([encodeChunkHeader(options.length, true), options]);
}
