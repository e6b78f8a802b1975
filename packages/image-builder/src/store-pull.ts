import { holdBlobs, ingestBytes, tagImage, type BlobStore } from "@bootlayer/blob-store";
import type { Descriptor } from "@bootlayer/image-spec";
import { formatReference, type Reference, type RegistryClient } from "@bootlayer/registry-client";
import type { SourceContext } from "./opened-source.ts";
import { pullBlobs, type BlobPull } from "./pull-blobs.ts";

/** What of a registry is to come into the store, and where both are. */
export interface StorePull extends SourceContext {
  readonly store: BlobStore;
  readonly client: RegistryClient;
  readonly reference: Reference;
  /** Manifests, indexes and configs that are at hand, what is named before what names it. */
  readonly documents: readonly { readonly descriptor: Descriptor; readonly bytes: Uint8Array }[];
  /** In the order in which they are wanted. */
  readonly blobs: readonly Descriptor[];
  /** The manifest or index that gets the reference's name. */
  readonly top: Descriptor;
}

/**
 * Brings an image into the store and then names it there: the store's index never names an image whose blobs it lacks.
 * Until it is disposed of, which ends what is under way, no garbage collection takes any of it. What has arrived of a
 * blob when it ends is left for the next pull.
 */
export function pullIntoStore({
  store,
  client,
  reference,
  documents,
  blobs,
  top,
  clock,
  onEvent,
  signal: caller,
}: StorePull): BlobPull & AsyncDisposable {
  const given = new AbortController();
  const signal = AbortSignal.any([caller, given.signal]);
  const digests = [...documents.map(({ descriptor }) => descriptor), ...blobs].map(({ digest }) => digest);
  const held = holdBlobs(store, digests, { signal });
  const pull = pullBlobs({ store, client, reference, onEvent, signal, ready: held }, blobs);

  async function keepDocuments(): Promise<number> {
    await held;
    let downloaded = 0;
    for (const { descriptor, bytes } of documents) {
      const { cached } = await ingestBytes(store, descriptor, bytes, { signal });
      if (!cached) downloaded += bytes.length;
    }
    return downloaded;
  }

  const complete = clock.run("pull", async () => {
    // The blobs are not kept waiting: an answer is on its way while documents are brought to disk.
    const [documentBytes, pulled] = await Promise.all([keepDocuments(), pull.complete]);
    await tagImage(store, formatReference(reference), top, { signal });
    const bytes = pulled.reduce((sum, { downloadedBytes }) => sum + downloadedBytes, documentBytes);
    return { result: pulled, bytes };
  });
  // Whoever waits for it is told; until then a failure must not count as unhandled.
  complete.catch(() => {});
  return {
    read: (descriptor, reader) => pull.read(descriptor, reader),
    complete,
    async [Symbol.asyncDispose]() {
      given.abort();
      await Promise.allSettled([complete, pull.complete]);
      const lease = await held.catch(() => undefined);
      await lease?.release();
    },
  };
}
