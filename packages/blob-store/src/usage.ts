import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "@bootlayer/image-spec";
import type { BlobStore } from "./blob-store.ts";
import { contentsOfImages } from "./image-contents.ts";
import { nameOf } from "./images.ts";
import { listBlobs } from "./list-blobs.ts";
import { listPartials } from "./partial.ts";

export interface ImageUsage {
  readonly name: string | undefined;
  readonly digest: Digest;
  /** Of all its blobs that are in the store. */
  readonly bytes: number;
  /** Of those that other images are made of too: removing this one alone frees the rest. */
  readonly sharedBytes: number;
}

/** All in bytes of content; a file system may need more or less. */
export interface StoreUsage {
  readonly blobs: number;
  /** Each blob once, whichever images share it. */
  readonly bytes: number;
  readonly images: readonly ImageUsage[];
  /** Blobs of no image. Some may be kept by a lease, a subject or the grace of `collectGarbage`. */
  readonly unusedBlobs: number;
  readonly unusedBytes: number;
  /** Blobs on their way in, and interrupted ones. */
  readonly ingestBytes: number;
  readonly quarantineBytes: number;
}

/** What takes the room in a store. @throws {StoreError} STORE_INVALID. @throws {DurableFileError} */
export async function storeUsage(
  store: BlobStore,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<StoreUsage> {
  const sizes = new Map<Digest, number>();
  for await (const { digest, size } of listBlobs(store)) sizes.set(digest, size);
  const users = new Map<Digest, number>();
  const contents = await contentsOfImages(store, signal);
  // Two names of one image share all of it.
  for (const { digests } of contents)
    for (const digest of digests) users.set(digest, (users.get(digest) ?? 0) + 1);
  function bytesOf(digests: Iterable<Digest>): number {
    let sum = 0;
    for (const digest of digests) sum += sizes.get(digest) ?? 0;
    return sum;
  }
  const unused = [...sizes.keys()].filter((digest) => !users.has(digest));
  const partials = await listPartials(store);
  const quarantined = await readdir(store.quarantineDirectory).catch(() => []);
  return {
    blobs: sizes.size,
    bytes: bytesOf(sizes.keys()),
    images: contents.map(({ entry, digests }) => ({
      name: nameOf(entry),
      digest: entry.digest,
      bytes: bytesOf(digests),
      sharedBytes: bytesOf([...digests].filter((digest) => (users.get(digest) ?? 0) > 1)),
    })),
    unusedBlobs: unused.length,
    unusedBytes: bytesOf(unused),
    ingestBytes: await bytesOfFiles(partials.map(({ path }) => path)),
    quarantineBytes: await bytesOfFiles(quarantined.map((name) => join(store.quarantineDirectory, name))),
  };
}

async function bytesOfFiles(paths: readonly string[]): Promise<number> {
  let sum = 0;
  for (const path of paths) sum += (await stat(path).catch(() => undefined))?.size ?? 0;
  return sum;
}
