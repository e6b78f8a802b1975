/**
 * A registry of this machine's own, on a store: what was pushed to it lies among the store's other blobs, and is found
 * there by builds without a request. Its images have names in the store's index, `HOST/REPOSITORY:TAG` with the host that
 * they were pushed to; under whichever of the registry's hosts they are asked for, they are the same images.
 *
 * Who may read a store's blob is not said by its digest: others in the store may have come from registries with a login.
 * So each repository remembers what was pushed to it (see repository-links.ts), and has nothing else.
 */
import { holdBlobs, openBlobStore, type BlobStore } from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";
import { recentLinks, removeDeadLinks } from "./repository-links.ts";
import { recentUploads, uploadKeptMilliseconds } from "./recent-uploads.ts";

/** Whose images they are: all that looking for one needs. */
export interface OwnRepositories {
  readonly store: BlobStore;
  /** `host[:port]`, as references spell it; the first is the one that counts where an image has several names. */
  readonly hosts: readonly string[];
}

/** A registry that takes uploads; disposing of it lets go of what has no name yet. */
export interface OwnRegistry extends OwnRepositories, AsyncDisposable {
  /** Keeps blobs for a day from being collected: their manifest is still on its way. */
  hold(...digests: readonly Digest[]): Promise<void>;
}

/**
 * Opens the registry of a store. What an earlier process had taken in and not named is kept for what is left of its day.
 *
 * @throws {StoreError} STORE_INVALID, STORE_BUSY. @throws {DurableFileError}
 */
export async function openOwnRegistry({
  store: directory,
  hosts,
}: {
  readonly store: string;
  readonly hosts: readonly string[];
}): Promise<OwnRegistry> {
  const store = await openBlobStore(directory);
  const uploads = recentUploads((digests) => holdBlobs(store, digests));
  const since = Date.now() - uploadKeptMilliseconds;
  await removeDeadLinks(store, since);
  await uploads.hold(await recentLinks(store, since));
  return {
    store,
    hosts,
    hold: (...digests) => uploads.hold(digests),
    [Symbol.asyncDispose]: () => uploads.release(),
  };
}
