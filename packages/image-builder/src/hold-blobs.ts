import type { BlobStore } from "@bootlayer/blob-store";
import type { Digest } from "@bootlayer/image-spec";

/** Holds blobs, there or still to come. Nothing collects garbage yet: there is nothing to hold them against. */
export async function holdWhileUsed(
  _store: BlobStore,
  _digests: readonly Digest[],
): Promise<AsyncDisposable> {
  return { [Symbol.asyncDispose]: async () => {} };
}
