import { link, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { fileError, makeDirectory, syncDirectory } from "@bootlayer/durable-file";
import type { BlobStore } from "./blob-store.ts";
import { blobPath } from "./layout.ts";
import { quarantineWrongBlob } from "./quarantine.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";

/** A file that holds a blob, checked; `handle` is open for it and is closed. */
export interface WholeBlob {
  readonly store: BlobStore;
  readonly descriptor: BlobName;
  readonly path: string;
  readonly handle: FileHandle;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives a file a blob's name: data to disk, then the name, then the directory to disk. The file loses its own name.
 *
 * @throws {DurableFileError}. The signal's reason when aborted.
 */
export async function commitBlob({ store, descriptor, path, handle, signal }: WholeBlob): Promise<void> {
  const place = blobPath(store, descriptor.digest);
  try {
    await makeDirectory(dirname(place));
    await quarantineWrongBlob(store, descriptor, signal);
    await handle.sync();
    signal?.throwIfAborted();
    await handle.chmod((await handle.stat()).mode & 0o444);
    await handle.close();
    // link(2) refuses a name that is taken; rename(2) would replace it.
    await link(path, place);
  } catch (cause) {
    signal?.throwIfAborted();
    // A writer from elsewhere, which this one could not wait for, was first.
    if (!(await hasBlob(store, descriptor))) throw fileError(`write ${place}`, cause);
  }
  await rm(path, { force: true });
  await syncDirectory(dirname(place)).catch((cause: unknown) => {
    throw fileError(`write ${place}`, cause);
  });
}
