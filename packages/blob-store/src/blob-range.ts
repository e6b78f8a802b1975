import { Readable } from "node:stream";
import type { Layout } from "./layout.ts";
import { openBlob, type BlobName } from "./read-blob.ts";

const chunkBytes = 256 * 1024;

/** The bytes of a blob from `start` to before `end`, within its size. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * A part of a blob as it is on disk, to be sent on: nothing is checked but that it lies within the file. Whoever does not
 * read it to its end destroys it.
 *
 * @throws {StoreError} STORE_BLOB_MISSING, STORE_BLOB_DAMAGED.
 */
export async function openBlobRange(
  layout: Layout,
  descriptor: BlobName,
  { start, end }: ByteRange,
): Promise<Readable> {
  const handle = await openBlob(layout, descriptor);
  if (start < end) return handle.createReadStream({ start, end: end - 1, highWaterMark: chunkBytes });
  await handle.close();
  return Readable.from([]);
}
