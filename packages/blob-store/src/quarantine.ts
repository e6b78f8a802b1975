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
  async function isTakenWrongly(): Promise<boolean> {
    return (await exists(path)) && !(await hasBlob(store, descriptor));
  }
  if (await isTakenWrongly()) await quarantineIf(isTakenWrongly, store, descriptor.digest, signal);
}

/**
 * Moves what has a blob's name to the quarantine if `isWrong` holds under the lock of that name: of two that saw the wrong
 * file, the second must not move away the right one that the first has put there. Answers with its name in the quarantine.
 */
export async function quarantineIf(
  isWrong: () => Promise<boolean>,
  store: BlobStore,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const path = blobPath(store, digest);
  const lockName = `${digestAlgorithm(digest)}-${digestHex(digest)}`;
  async function move(): Promise<string | undefined> {
    if (!(await isWrong())) return undefined;
    const name = `${lockName}.${ownerTag()}`;
    await rename(path, join(store.quarantineDirectory, name)).catch((cause: unknown) => {
      throw fileError(`move ${path} to the quarantine`, cause);
    });
    return name;
  }
  return withLock(store.lockDirectory, lockName, move, signal);
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
