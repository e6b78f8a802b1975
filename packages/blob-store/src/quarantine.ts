import { lstat, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileError, ownerTag } from "@bootlayer/durable-file";
import { digestAlgorithm, digestHex, type Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { blobPath } from "./layout.ts";
import { withLock } from "./lock.ts";
import { hasBlob, type BlobName } from "./read-blob.ts";

/**
 * Moves what has a blob's name and cannot be it, such as the empty file that other tools leave after a power loss,
 * out of the way.
 */
export async function quarantineWrongBlob(
  store: BlobStore,
  descriptor: BlobName,
  signal?: AbortSignal,
): Promise<void> {
  const path = blobPath(store, descriptor.digest);
  if (!(await isTakenWrongly())) return;
  const name = lockNameOf(descriptor.digest);
  // Of two that saw the wrong file, the second must not move away the right one that the first has put there.
  await withLock(
    store.lockDirectory,
    name,
    async () => {
      if (!(await isTakenWrongly())) return;
      await rename(path, join(store.quarantineDirectory, `${name}.${ownerTag()}`)).catch((cause: unknown) => {
        throw fileError(`move ${path} to the quarantine`, cause);
      });
    },
    signal,
  );

  async function isTakenWrongly(): Promise<boolean> {
    return (await exists(path)) && !(await hasBlob(store, descriptor));
  }
}

/** Of the lock under which something leaves a blob's place for the quarantine. */
export function lockNameOf(digest: Digest): string {
  return `${digestAlgorithm(digest)}-${digestHex(digest)}`;
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
