import { constants, createZstdDecompress, type ZstdDecompress } from "node:zlib";
import { createFrameWalker } from "./zstd-frames.ts";
import { decoderOptions, decoderOutput, feedDecoder } from "./zlib-stream.ts";

/**
 * Unwraps any number of zstd frames, skippable ones left out (RFC 8878, 3.1). One decoder serves all frames, since it
 * begins anew after each, as long as no write reaches beyond a frame's end (nodejs/node#64741).
 *
 * @throws what `chunks` throw, or else an error of zlib or of this package: the data are damaged.
 */
export async function* unzstd(
  chunks: AsyncIterable<Uint8Array>,
  maxWindowBytes: number,
): AsyncGenerator<Uint8Array> {
  const decoder = createZstdDecompress({
    ...decoderOptions,
    params: { [constants.ZSTD_d_windowLogMax]: Math.max(10, Math.floor(Math.log2(maxWindowBytes))) },
  });
  const feeding = feed(decoder, chunks, maxWindowBytes);
  feeding.catch((error: Error) => decoder.destroy(error));
  try {
    yield* decoderOutput(decoder);
    await feeding;
  } finally {
    decoder.destroy();
  }
}

async function feed(
  decoder: ZstdDecompress,
  chunks: AsyncIterable<Uint8Array>,
  maxWindowBytes: number,
): Promise<void> {
  const frames = createFrameWalker(maxWindowBytes);
  for await (const chunk of chunks)
    for (const { bytes } of frames.walk(chunk))
      if (!(await feedDecoder(decoder, bytes))) {
        if (decoder.destroyed) return;
        throw new Error("the decoder ended within a zstd frame");
      }
  frames.end();
  decoder.end();
}
