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
  yield* decoderOutput(decoder, feed(decoder, chunks, maxWindowBytes));
}

async function feed(
  decoder: ZstdDecompress,
  chunks: AsyncIterable<Uint8Array>,
  maxWindowBytes: number,
): Promise<void> {
  const frames = createFrameWalker(maxWindowBytes);
  let isEmpty = true;
  for await (const chunk of chunks)
    for (const { bytes } of frames.walk(chunk)) {
      isEmpty = false;
      if ((await feedDecoder(decoder, bytes)) === bytes.length) continue;
      // It failed, or nobody reads it any more.
      if (decoder.destroyed) return;
      throw new Error("the decoder ended within a zstd frame");
    }
  frames.end();
  if (isEmpty) await feedDecoder(decoder, emptyFrame);
  decoder.end();
}

/** Given where there are but skippable frames: the decoder takes no input at all for an error. */
const emptyFrame: Uint8Array = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0);
