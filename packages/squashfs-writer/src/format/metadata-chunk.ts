/** Metadata chunks: up to 8 KiB of records, packed, behind a header of 16 bits. Records run on from chunk to chunk. */

export const chunkSize = 8192;

/** Header bit: the bytes are stored as they are. */
const rawChunkFlag = 0x8000;

/**
 * Where a record begins: the start of its chunk, in bytes from the start of the table as stored, times 2^16, plus the
 * offset in the unpacked chunk.
 */
declare const referenceBrand: unique symbol;
export type MetadataReference = number & { readonly [referenceBrand]: true };

export function metadataReference(chunkStart: number, offset: number): MetadataReference {
  return (chunkStart * 2 ** 16 + offset) as MetadataReference;
}

export function chunkStartOf(reference: MetadataReference): number {
  return Math.floor(reference / 2 ** 16);
}

export function chunkOffsetOf(reference: MetadataReference): number {
  return reference % 2 ** 16;
}

/** The header of a chunk whose stored form has `length` bytes: 1 to 8,192. */
export function encodeChunkHeader(length: number, isRaw: boolean): Buffer {
  const header = Buffer.alloc(2);
  header.writeUInt16LE(isRaw ? length | rawChunkFlag : length);
  return header;
}
