import type { BlockCompressor } from "./compress/compressor.ts";
import { chunkSize } from "./format/metadata-chunk.ts";
import { emitChunk } from "./metadata-table.ts";

/** Where tables go: after all that is in the image. */
export interface TableOutput {
  position(): number;
  append(bytes: Uint8Array): void;
}

/**
 * Writes a table of records that are found by their index: chunks, then `head`, then a list of the chunks' positions.
 * Answers the position of the head, or of the list where there is none: what the superblock points at. (For no records it
 * is the spot where the list would be.)
 */
export async function writeLookupTable(
  records: Uint8Array,
  compressor: BlockCompressor | undefined,
  output: TableOutput,
  head: Uint8Array = Buffer.alloc(0),
): Promise<number> {
  const chunks = Math.ceil(records.length / chunkSize);
  const positions = Buffer.alloc(chunks * 8);
  for (let index = 0; index < chunks; index++) {
    positions.writeBigUInt64LE(BigInt(output.position()), index * 8);
    await emitChunk(records.subarray(index * chunkSize, (index + 1) * chunkSize), {
      compressor,
      emit: (bytes) => {
        output.append(bytes);
      },
    });
  }
  const position = output.position();
  output.append(head);
  output.append(positions);
  return position;
}
