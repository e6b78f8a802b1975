import type { FileHandle } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";

/** Chunks of a download are small; each write is a trip to another thread. */
const bufferBytes = 1024 * 1024;

export interface WriteChunksOptions {
  /** So many of the first bytes are in the file already, and are not written. */
  readonly from?: number;
  /** Told how much of the file can be read, whenever that grows. */
  readonly onWritten?: (bytes: number) => void;
}

/**
 * Writes chunks from the start of a file, gathered into large pieces, each on its way to disk while the next one fills.
 * What has come when `chunks` fails is written too.
 *
 * @throws {DurableFileError} naming `what` if the file system refuses; whatever `chunks` throws.
 */
export async function writeChunks(
  handle: FileHandle,
  chunks: AsyncIterable<Uint8Array>,
  what: string,
  { from = 0, onWritten = () => {} }: WriteChunksOptions = {},
): Promise<void> {
  let filling = Buffer.allocUnsafeSlow(bufferBytes);
  let spare = Buffer.allocUnsafeSlow(bufferBytes);
  let filled = 0;
  let position = from;
  let toSkip = from;
  let writing: Promise<void> = Promise.resolve();

  async function flush(): Promise<void> {
    await writing;
    writing = writeAll(filling.subarray(0, filled), position);
    // It may fail before the next flush waits for it: that alone must not count as unhandled.
    writing.catch(() => {});
    position += filled;
    filled = 0;
    [filling, spare] = [spare, filling];
  }

  async function writeAll(bytes: Uint8Array, position: number): Promise<void> {
    try {
      for (let written = 0; written < bytes.length;)
        written += (await handle.write(bytes, written, bytes.length - written, position + written))
          .bytesWritten;
    } catch (cause) {
      throw fileError(`write ${what}`, cause);
    }
    onWritten(position + bytes.length);
  }

  try {
    for await (const chunk of chunks) {
      const skipped = Math.min(toSkip, chunk.length);
      toSkip -= skipped;
      for (let taken = skipped; taken < chunk.length;) {
        const piece = chunk.subarray(taken, taken + bufferBytes - filled);
        filling.set(piece, filled);
        taken += piece.length;
        filled += piece.length;
        if (filled === bufferBytes) await flush();
      }
    }
  } finally {
    await flush();
    await writing.catch(() => {});
  }
  await writing;
}
