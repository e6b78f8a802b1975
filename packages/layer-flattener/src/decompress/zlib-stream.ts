import type { DuplexOptions } from "node:stream";
import type { Gunzip, ZlibOptions, ZstdDecompress } from "node:zlib";

/** Large pieces: at 64 KiB, Node's zlib is a third slower; from 512 KiB to this it still gains a tenth. */
const outputBytes = 2 ** 20;

/**
 * The decoder has some pieces ready before it waits: it works on while the last one is hashed and copied. Object mode
 * keeps them apart: as bytes, all that are ready would be copied into one when they are read.
 */
export const decoderOptions: Readonly<
  Pick<ZlibOptions, "chunkSize"> & Pick<DuplexOptions, "readableObjectMode" | "readableHighWaterMark">
> = { chunkSize: outputBytes, readableObjectMode: true, readableHighWaterMark: 3 };

/**
 * A decoder's output while `feeding` gives it its input. A piece is valid until the next one is asked for, and its
 * memory is freed then: the garbage collector lets hundreds of megabytes of such pieces pile up.
 *
 * @throws what `feeding` rejects with, or else the decoder's own error.
 */
export async function* decoderOutput(
  decoder: Gunzip | ZstdDecompress,
  feeding: Promise<void>,
): AsyncGenerator<Uint8Array> {
  // Errors are seen by those who read; one that comes after the end of reading must not be taken for unhandled.
  decoder.on("error", () => {});
  feeding.catch((error: Error) => decoder.destroy(error));
  const pieces: AsyncIterable<Buffer<ArrayBuffer>> = decoder.iterator({ destroyOnReturn: false });
  try {
    for await (const piece of pieces) {
      yield piece;
      const { buffer, byteOffset, byteLength } = piece;
      // While some of it is unused, the decoder goes on to fill the same memory.
      if (buffer.byteLength === outputBytes && byteOffset + byteLength === outputBytes) buffer.transfer(0);
    }
    await feeding;
  } finally {
    decoder.destroy();
  }
}

/**
 * Gives input to a decoder and waits until its memory is the source's again. Answers how many of the bytes were used:
 * fewer than all if the decoder came to its end within them, or was destroyed.
 */
export async function feedDecoder(decoder: Gunzip | ZstdDecompress, bytes: Uint8Array): Promise<number> {
  const before = decoder.bytesWritten;
  if (!decoder.destroyed && !decoder.readableEnded)
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        decoder.off("close", settle);
        resolve();
      };
      decoder.once("close", settle);
      decoder.write(bytes, settle);
    });
  return decoder.bytesWritten - before;
}
