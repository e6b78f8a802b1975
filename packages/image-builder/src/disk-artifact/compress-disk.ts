import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdCompress } from "node:zlib";
import { fileError } from "@bootlayer/durable-file";
import { isBootlayerError } from "@bootlayer/errors";
import { digestOfHash, type Digest } from "@bootlayer/image-spec";
import type { DataRegion } from "@bootlayer/rootfs-tree";

const chunkBytes = 2 ** 20;
const zeros: Uint8Array = Buffer.alloc(chunkBytes);

export interface DiskFile {
  readonly path: string;
  /** Length of the disk. */
  readonly bytes: number;
  /** All bytes outside are zero, and are not read. */
  readonly dataRegions: readonly DataRegion[];
}

/** A disk as a blob, and its own hash. */
export interface CompressedDisk {
  readonly digest: Digest;
  readonly size: number;
  /** Hex, of the disk. */
  readonly sha256: string;
}

/** Writes a disk to a file as one zstd frame. @throws {DurableFileError}. The signal's reason when aborted. */
export async function compressDisk(
  disk: DiskFile,
  target: FileHandle,
  level: number,
  signal: AbortSignal,
): Promise<CompressedDisk> {
  const raw = createHash("sha256");
  const packed = createHash("sha256");
  let size = 0;
  async function* hashed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of diskBytes(disk)) {
      raw.update(chunk);
      yield chunk;
    }
  }
  const compressor = createZstdCompress({
    chunkSize: chunkBytes,
    params: { [constants.ZSTD_c_compressionLevel]: level },
  });
  try {
    await pipeline(
      Readable.from(hashed(), { highWaterMark: 1 }),
      compressor,
      async (chunks: AsyncIterable<Uint8Array>) => {
        for await (const chunk of chunks) {
          packed.update(chunk);
          for (let done = 0; done < chunk.length;)
            done += (await target.write(chunk, done, chunk.length - done, size + done)).bytesWritten;
          size += chunk.length;
        }
      },
      { signal },
    );
  } catch (cause) {
    signal.throwIfAborted();
    throw isBootlayerError(cause) ? cause : fileError(`compress ${disk.path}`, cause);
  }
  return { digest: digestOfHash(packed), size, sha256: raw.digest("hex") };
}

/** All bytes of a disk; what is not in its regions is not read. */
async function* diskBytes({ path, bytes, dataRegions }: DiskFile): AsyncGenerator<Uint8Array> {
  const file = await open(path, "r");
  let position = 0;
  function* holeTo(end: number): Generator<Uint8Array> {
    for (; position < end; position += Math.min(chunkBytes, end - position))
      yield zeros.subarray(0, Math.min(chunkBytes, end - position));
  }
  try {
    for (const { offset, length } of dataRegions) {
      yield* holeTo(offset);
      while (position < offset + length) {
        const wanted = Math.min(chunkBytes, offset + length - position);
        // Chunks are read ahead of the compressor: each has memory of its own.
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, position);
        if (bytesRead === 0) throw new Error(`${path} ends at ${position}`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    }
    yield* holeTo(bytes);
  } finally {
    await file.close();
  }
}
