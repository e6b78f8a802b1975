import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress } from "node:zlib";

export interface SparseSource {
  /** Length of the whole, holes included. */
  readonly bytes: number;
  /** [offset, length] pairs in ascending order; all else is zero. */
  readonly dataRegions: readonly (readonly [offset: number, length: number])[];
  /** Opens the bytes from `start` up to but not including `end`. */
  readonly open: (start: number, end: number) => Promise<AsyncIterable<Uint8Array>>;
}

/** The zeros of all holes. */
const zeros = new Uint8Array(1024 * 1024);

/**
 * A disk as one zstd frame (RFC 8878). Holes are not read: their zeros go through the compressor from memory, some gigabytes a second.
 * To send a hole as a frame of its own would cost nothing at all, but decoders of HTTP clients (Node's fetch for one) stop after the
 * first frame, without an error.
 */
export function compressSparse(source: SparseSource): Readable {
  const compressor = createZstdCompress({
    params: {
      [constants.ZSTD_c_compressionLevel]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
      // RFC 9659: decoders of HTTP need not have room for more than 8 MiB.
      [constants.ZSTD_c_windowLog]: 21,
    },
    pledgedSrcSize: source.bytes,
  });
  // The compressor carries the error: who reads it sees it.
  return pipeline(Readable.from(wholeOf(source), { objectMode: false }), compressor, () => {});
}

async function* wholeOf({ bytes, dataRegions, open }: SparseSource): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const [offset, length] of dataRegions) {
    yield* zeroRun(offset - position);
    yield* await open(offset, offset + length);
    position = offset + length;
  }
  yield* zeroRun(bytes - position);
}

function* zeroRun(length: number): Generator<Uint8Array> {
  for (let left = length; left > 0; left -= zeros.length)
    yield zeros.subarray(0, Math.min(left, zeros.length));
}
