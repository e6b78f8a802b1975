import { ingestBlob, type BlobStore } from "@bootlayer/blob-store";
import type { Descriptor, Digest } from "@bootlayer/image-spec";
import { fetchBlob, RegistryError, type Reference, type RegistryClient } from "@bootlayer/registry-client";
import type { BuildEvent } from "./events.ts";

/** Blobs that are downloaded at the same time: enough to fill a line, few enough for the first wanted to come first. */
const concurrentBlobs = 3;

interface PullContext {
  readonly store: BlobStore;
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly onEvent: (event: BuildEvent) => void;
  readonly signal: AbortSignal;
}

/** Blobs on their way into a store. */
export interface Pull {
  /** Settles when that blob is in the store, whole and verified; rejects with what went wrong with any blob. */
  arrived(digest: Digest): Promise<void>;
  /** Settles when all are, with the bytes that were downloaded. */
  readonly complete: Promise<number>;
}

/** Brings blobs from a registry into a store, in the order given, a few at a time; each blob once. */
export function pullBlobs(context: PullContext, descriptors: readonly Descriptor[]): Pull {
  const blobs = [...new Map(descriptors.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const arrivals = new Map(blobs.map(({ digest }) => [digest, Promise.withResolvers<void>()]));
  const queue = blobs.values();
  let downloaded = 0;

  // Several workers take from one iterator: the next blob in the order begins whenever one ends.
  async function work(): Promise<void> {
    for (const descriptor of queue) {
      const bytes = await pullBlob(context, descriptor);
      downloaded += bytes;
      arrivals.get(descriptor.digest)?.resolve();
    }
  }

  const complete = Promise.all(Array.from({ length: concurrentBlobs }, work)).then(
    () => downloaded,
    (error: unknown) => {
      for (const { reject } of arrivals.values()) reject(error);
      throw error;
    },
  );
  complete.catch(() => {});
  for (const { promise } of arrivals.values()) promise.catch(() => {});
  return {
    async arrived(digest) {
      await (arrivals.get(digest)?.promise ?? complete);
    },
    complete,
  };
}

/** Answers with the bytes that had to be downloaded. */
async function pullBlob(
  { store, client, reference, onEvent, signal }: PullContext,
  descriptor: Descriptor,
): Promise<number> {
  const { digest, size } = descriptor;
  const open = (offset: number, signal: AbortSignal): AsyncIterable<Uint8Array> =>
    fetchBlob(client, reference, descriptor, { offset, signal });
  const { downloadedBytes, cached } = await ingestBlob(store, descriptor, open, {
    signal,
    onEvent,
    isOffsetRefused: (error) => error instanceof RegistryError && error.code === "REGISTRY_RANGE",
  });
  if (cached) onEvent({ kind: "blob-cached", digest, totalBytes: size });
  return downloadedBytes;
}
