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
  yield* decoderOutput(decoder, feed(decoder, chunks));
}

async function feed(decoder: Gunzip, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let isOver = false;
  for await (const chunk of chunks) {
    const used: number = isOver ? 0 : await feedDecoder(decoder, chunk);
    isOver ||= used < chunk.length;
    // A decoder that failed, or that nobody reads any more, needs no further input.
    if (decoder.errored !== null || (decoder.destroyed && !decoder.readableEnded)) return;
    expectZeros(chunk.subarray(used));
  }
  decoder.end();
}

function expectZeros(bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw new Error("bytes that are no gzip follow the last member");
}
