import { createGunzip, type Gunzip } from "node:zlib";
import { decoderOptions, decoderOutput, feedDecoder } from "./zlib-stream.ts";

/**
 * Unwraps gzip with any number of members (RFC 1952, 2.2). Zero bytes after the last one are padding, as for gzip(1);
 * anything else there is an error.
 *
 * @throws what `chunks` throw, or else an error of zlib or of this module: the data are damaged.
 */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = createGunzip(decoderOptions);
  const feeding = feed(decoder, chunks);
  feeding.catch((error: Error) => decoder.destroy(error));
  try {
    yield* decoderOutput(decoder);
    await feeding;
  } finally {
    decoder.destroy();
  }
}

async function feed(decoder: Gunzip, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let ended = false;
  for await (const chunk of chunks) {
    const before = decoder.bytesWritten;
    if (ended) expectZeros(chunk);
    else if (!(await feedDecoder(decoder, chunk))) {
      if (!decoder.readableEnded) return;
      ended = true;
      expectZeros(chunk.subarray(decoder.bytesWritten - before));
    }
  }
  decoder.end();
}

function expectZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw new Error("bytes that are no gzip follow the last member");
}
