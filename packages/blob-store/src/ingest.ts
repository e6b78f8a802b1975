import { dirname } from "node:path";
import { createDurableFile, DurableFileError, makeDirectory } from "@bootlayer/durable-file";
import { verifyBlob } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { blobPath } from "./layout.ts";
import { quarantineWrongBlob } from "./quarantine.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";
import { writeChunks } from "./write-chunks.ts";

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Brings a blob into the store. Its bytes go to a file of this call's own and are checked as they come; only when they
 * have proved right and are on disk does the file get the blob's name, which it never takes from another. So whoever
 * sees a blob sees all of it, after a kill or a power loss too, and any number of writers may bring the same one.
 *
 * Where the blob is already there `chunks` is not asked for any. Something of another size that has its name is moved to
 * the quarantine. `chunks` must heed the same signal; a chunk's memory is not used once the next one was asked for.
 *
 * @throws {ImageSpecError} BLOB_SIZE, BLOB_DIGEST. @throws {DurableFileError} FILE_NO_SPACE and others. Whatever
 * `chunks` throws, and the signal's reason when aborted. After any of them no trace is left.
 */
export async function ingestBlob(
  store: BlobStore,
  descriptor: BlobName,
  chunks: AsyncIterable<Uint8Array>,
  { signal }: IngestOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  if (await hasBlob(store, descriptor)) return;
  const path = blobPath(store, descriptor.digest);
  await makeDirectory(dirname(path));
  const file = await createDurableFile(path, { mode: 0o444, temporaryDirectory: store.ingestDirectory });
  try {
    const verified = verifyBlob(untilAborted(chunks, signal), descriptor);
    await writeChunks(file.handle, verified, `blob ${descriptor.digest}`);
    signal?.throwIfAborted();
    await quarantineWrongBlob(store, descriptor, signal);
    await file.commit({ replace: false });
  } catch (error) {
    const isTaken = error instanceof DurableFileError && error.code === "FILE_EXISTS";
    if (!isTaken || !(await hasBlob(store, descriptor))) throw error;
  } finally {
    await file.discard();
  }
}

async function* untilAborted(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}
