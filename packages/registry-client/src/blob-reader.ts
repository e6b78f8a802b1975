import { verifyBlob, type Descriptor } from "@bootlayer/image-spec";
import { holdLast } from "./hold-last.ts";

export type OpenBlob = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** A blob's bytes piece after piece, for uploads that send pieces. */
export interface BlobReader {
  /** `length` bytes from `position` on. Where the last piece ended reading just goes on; else the blob is opened anew. */
  read(position: number, length: number, signal: AbortSignal): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Checks size and digest on the way, from the first byte at each opening: the last bytes are given only when all have
 * proved right.
 *
 * Reading throws {ImageSpecError} BLOB_SIZE, BLOB_DIGEST, and what `open` throws.
 */
export function blobReader(open: OpenBlob, descriptor: Pick<Descriptor, "digest" | "size">): BlobReader {
  let chunks: AsyncGenerator<Uint8Array> | undefined;
  let rest: Uint8Array = new Uint8Array();
  let at = 0;

  async function close(): Promise<void> {
    const ended = chunks;
    chunks = undefined;
    await ended?.return(undefined);
  }

  async function* read(position: number, length: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (!chunks || at !== position) {
      await close();
      chunks = holdLast(verifyBlob(open(signal), descriptor));
      rest = new Uint8Array();
      at = 0;
    }
    const end = position + length;
    while (at < end) {
      signal.throwIfAborted();
      if (rest.length === 0) {
        const { done, value } = await chunks.next();
        if (done) return;
        rest = value;
      }
      const wantsMore = at < position ? position : end;
      const piece = rest.subarray(0, wantsMore - at);
      rest = rest.subarray(piece.length);
      at += piece.length;
      if (at > position) yield piece;
    }
  }

  return { read, close };
}
