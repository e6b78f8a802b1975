import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createZstdDecompress } from "node:zlib";
import { createDurableFile, fileError } from "@bootlayer/durable-file";
import { isBootlayerError } from "@bootlayer/errors";
import type { DataRegion } from "@bootlayer/rootfs-tree";
import { BuilderError } from "../errors.ts";
import type { SealedDiskDescription } from "./disk-description.ts";

/** Blocks of zeros of this length become holes. */
const blockBytes = 64 * 1024;
const zeros: Buffer = Buffer.alloc(blockBytes);
/** 128 MiB: what `zstd -d` takes without being told. */
const maxWindowLog = 27;

/**
 * Writes a disk that comes as a zstd frame to its place, with holes where it is zero; it appears whole and durable once it
 * is as long as its description says and has its hash, or not at all. Answers with where it is not zero.
 *
 * @param chunks - whose memory may be used again when the next one is asked for.
 * @throws {BuilderError} DISK_INVALID. @throws {DurableFileError}. What `chunks` throws, and the signal's reason when
 * aborted.
 */
export async function expandDisk(
  chunks: AsyncIterable<Uint8Array>,
  { bytes, sha256 }: Pick<SealedDiskDescription, "bytes" | "sha256">,
  output: string,
  signal: AbortSignal,
): Promise<readonly DataRegion[]> {
  const file = await createDurableFile(output);
  const hash = createHash("sha256");
  const dataRegions: DataRegion[] = [];
  let length = 0;
  async function write(expanded: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of expanded) {
      if (length + chunk.length > bytes) throw wrong(output, `is longer than its ${bytes} bytes`);
      hash.update(chunk);
      await writeSparsely(file.handle, chunk, length, dataRegions);
      length += chunk.length;
    }
  }
  try {
    const decompressor = createZstdDecompress({
      chunkSize: 2 ** 20,
      params: { [constants.ZSTD_d_windowLogMax]: maxWindowLog },
    });
    await pipeline(Readable.from(copies(chunks)), decompressor, write, { signal });
    if (length !== bytes) throw wrong(output, `ends at ${length} of ${bytes} bytes`);
    if (hash.digest("hex") !== sha256)
      throw wrong(output, "does not have the hash that its description says");
    await file.handle.truncate(bytes).catch((cause: unknown) => {
      throw fileError(`write ${output}`, cause);
    });
    await file.commit();
    return dataRegions;
  } catch (cause) {
    signal.throwIfAborted();
    throw isBootlayerError(cause) ? cause : wrong(output, "is no zstd frame", { cause });
  } finally {
    await file.discard();
  }
}

async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}

/** Adds to `regions` what it writes. */
async function writeSparsely(
  handle: FileHandle,
  bytes: Uint8Array,
  position: number,
  regions: DataRegion[],
): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    const isZero = isZeroAt(bytes, start);
    let end = start;
    while (end < bytes.length && isZeroAt(bytes, end) === isZero)
      end = Math.min(end + blockBytes, bytes.length);
    if (!isZero) {
      await writeAll(handle, bytes.subarray(start, end), position + start);
      addRegion(regions, { offset: position + start, length: end - start });
    }
    start = end;
  }
}

function addRegion(regions: DataRegion[], region: DataRegion): void {
  const last = regions.at(-1);
  if (last === undefined || last.offset + last.length < region.offset) regions.push(region);
  else regions[regions.length - 1] = { offset: last.offset, length: last.length + region.length };
}

function isZeroAt(bytes: Uint8Array, start: number): boolean {
  const block = bytes.subarray(start, start + blockBytes);
  return zeros.compare(block, 0, block.length, 0, block.length) === 0;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;)
      done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  } catch (cause) {
    throw fileError("write the disk", cause);
  }
}

function wrong(output: string, what: string, options?: ErrorOptions): BuilderError {
  return new BuilderError(
    "DISK_INVALID",
    `the disk for ${output} ${what}`,
    "who pushed it made it wrong: build it instead",
    options,
  );
}
