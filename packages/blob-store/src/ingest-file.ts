import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { fileError } from "@bootlayer/durable-file";
import { ImageSpecError } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { commitBlob } from "./commit-blob.ts";
import { ingestBlob } from "./ingest.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";

/**
 * Gives a file whose bytes its writer has checked against the digest to the store, which takes it as it lies where both
 * are on one file system, and else copies it. The file is gone afterwards, also if the blob was there.
 *
 * @throws {ImageSpecError} BLOB_SIZE if it is not as long as it should be. @throws {DurableFileError}, and the signal's
 * reason when aborted: then the file is as it was, or is the blob.
 */
export async function ingestFile(
  store: BlobStore,
  descriptor: BlobName,
  path: string,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  const { digest, size } = descriptor;
  signal?.throwIfAborted();
  if (await hasBlob(store, descriptor)) return rm(path, { force: true });
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw fileError(`read ${path}`, cause);
  });
  try {
    const found = await handle.stat();
    if (found.size !== size)
      throw new ImageSpecError(
        "BLOB_SIZE",
        `blob ${digest} ends at ${found.size} of ${size} bytes`,
        "its source is damaged or was cut off: get the image again",
      );
    await commitBlob({ store, descriptor, path, handle, signal });
  } catch (error) {
    await handle.close().catch(() => {});
    if (!isOtherFileSystem(error)) throw error;
    await ingestBlob(store, descriptor, (start) => createReadStream(path, { start }), { signal });
    await rm(path, { force: true });
  }
}

function isOtherFileSystem(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "EXDEV";
}
