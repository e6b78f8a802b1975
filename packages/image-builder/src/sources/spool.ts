import { join } from "node:path";
import { openBlobStore } from "@bootlayer/blob-store";
import { createDurableFile, fileError } from "@bootlayer/durable-file";
import { unwrap, type LayerLimits } from "@bootlayer/layer-flattener";
import { sizeLimiter } from "./size-limiter.ts";
import { sourceFile, type SourceFile } from "./source-file.ts";

export interface SpoolOptions {
  /** Names the stream in errors. */
  readonly name: string;
  /** Directory of the store. */
  readonly store: string;
  readonly limits: LayerLimits;
  readonly signal: AbortSignal;
}

/**
 * Takes a stream, plain or in gzip or zstd, into a file of the store's ingest directory that has no name there of any
 * blob: it is gone when it was used, and swept by the next process if this one is killed. Nothing in it is trusted for
 * lying there: whoever reads a layer or document from it checks digests on the way, as from any other file.
 *
 * @throws {BuilderError} SOURCE_LIMIT. @throws {FlattenError} LAYER_COMPRESSION, LAYER_DECOMPRESS.
 * @throws {DurableFileError} FILE_NO_SPACE and others. What `chunks` throw, and the signal's reason, pass through.
 */
export async function spool(
  chunks: AsyncIterable<Uint8Array>,
  { name, store, limits, signal }: SpoolOptions,
): Promise<SourceFile> {
  const { ingestDirectory } = await openBlobStore(store);
  const file = await createDurableFile(join(ingestDirectory, "archive"), { mode: 0o600 });
  const limiter = sizeLimiter(name, limits);
  let written = 0;

  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      limiter.receive(chunk.length);
      yield chunk;
    }
  }

  try {
    for await (const chunk of unwrap(counted(), { name, maxWindowBytes: limits.zstdWindowBytes })) {
      limiter.unpack(chunk.length);
      for (let at = 0; at < chunk.length;)
        at += (
          await file.handle.write(chunk, at, chunk.length - at, written + at).catch((cause: unknown) => {
            throw fileError(`write ${file.temporaryPath}`, cause);
          })
        ).bytesWritten;
      written += chunk.length;
    }
    return await sourceFile(name, file.handle, () => file.discard());
  } catch (error) {
    await file.discard();
    throw error;
  }
}
