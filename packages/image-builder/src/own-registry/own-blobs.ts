import {
  blobSize,
  ingestBytes,
  ingestFile,
  openBlobRange,
  type BlobName,
  type ByteRange,
} from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";
import type { Readable } from "node:stream";
import type { OwnRegistry, OwnRepositories } from "./own-registry.ts";
import { readLink, removeLink, writeLink } from "./repository-links.ts";

/** The length of a repository's blob; undefined where it has none of that digest. */
export async function findOwnBlob(
  { store }: OwnRepositories,
  repository: string,
  digest: Digest,
): Promise<number | undefined> {
  const link = await readLink({ store, repository, digest, kind: "blobs" });
  return link === undefined ? undefined : blobSize(store, digest);
}

/** A part of a blob that `findOwnBlob` found. Whoever does not read it to its end destroys it. */
export function openOwnBlob({ store }: OwnRepositories, blob: BlobName, range: ByteRange): Promise<Readable> {
  return openBlobRange(store, blob, range);
}

/**
 * Takes in bytes that are at hand, or a file whose bytes the caller has checked against the digest, and removes it; the blob is the
 * repository's then, and is kept for a day without being named.
 *
 * @throws {ImageSpecError} BLOB_SIZE. @throws {DurableFileError} FILE_NO_SPACE and others.
 */
export async function keepOwnBlob(
  registry: OwnRegistry,
  repository: string,
  blob: BlobName,
  content: Uint8Array | { readonly path: string },
  signal?: AbortSignal,
): Promise<void> {
  const { store } = registry;
  const { digest } = blob;
  await registry.hold(digest);
  if (content instanceof Uint8Array) await ingestBytes(store, blob, content, { signal });
  else await ingestFile(store, blob, content.path, { signal });
  await writeLink({ store, repository, digest, kind: "blobs" });
}

/** Makes a blob of one repository another's too, if it is there. */
export async function mountOwnBlob(
  registry: OwnRegistry,
  { digest, from, to }: { readonly digest: Digest; readonly from: string; readonly to: string },
): Promise<boolean> {
  const { store } = registry;
  await registry.hold(digest);
  if ((await findOwnBlob(registry, from, digest)) === undefined) return false;
  await writeLink({ store, repository: to, digest, kind: "blobs" });
  return true;
}

/**
 * Takes a blob out of a repository, and answers whether it was there. Its bytes go when garbage is collected and nothing
 * else needs them.
 */
export async function removeOwnBlob(
  registry: OwnRepositories,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  if ((await findOwnBlob(registry, repository, digest)) === undefined) return false;
  await removeLink({ store: registry.store, repository, digest, kind: "blobs" });
  return true;
}
