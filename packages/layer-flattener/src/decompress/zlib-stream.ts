import type { DuplexOptions } from "node:stream";
import type { Gunzip, ZlibOptions, ZstdDecompress } from "node:zlib";

/** Large pieces: at 64 KiB, Node's zlib is a third slower. */
const outputBytes = 512 * 1024;

/** The decoder has some pieces ready before it waits: it works on while the last one is hashed and copied. */
export const decoderOptions: Readonly<
  Pick<ZlibOptions, "chunkSize"> & Pick<DuplexOptions, "readableHighWaterMark">
> = { chunkSize: outputBytes, readableHighWaterMark: 4 * outputBytes };

/**
 * A decoder's output. A piece is valid until the next one is asked for, and its memory is freed then: the garbage
 * collector lets hundreds of megabytes of such pieces pile up.
 */
export async function* decoderOutput(decoder: Gunzip | ZstdDecompress): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterable<Buffer<ArrayBuffer>> = decoder.iterator({ destroyOnReturn: false });
  for await (const piece of pieces) {
    yield piece;
    const { buffer, byteOffset, byteLength } = piece;
    // While some of it is unused, the decoder goes on to fill the same memory.
    if (buffer.byteLength === outputBytes && byteOffset + byteLength === outputBytes) buffer.transfer(0);
  }
}

/**
 * Gives input to a decoder and waits until it is used up: its memory is the source's again. Gives `false`, and the input
 * may be partly used, where the decoder has come to its end or was destroyed.
 */
export async function feedDecoder(decoder: Gunzip | ZstdDecompress, bytes: Uint8Array): Promise<boolean> {
  if (isOver(decoder)) return false;
  // A decoder that ends within the input never calls back.
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      decoder.off("end", settle);
      decoder.off("close", settle);
      resolve();
    };
    decoder.once("end", settle);
    decoder.once("close", settle);
    decoder.write(bytes, settle);
  });
  return !isOver(decoder);
}

function isOver(decoder: Gunzip | ZstdDecompress): boolean {
  return decoder.destroyed || decoder.readableEnded;
}
