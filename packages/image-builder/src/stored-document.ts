import { hasBlob, readDocument, StoreError, type BlobStore } from "@bootlayer/blob-store";
import { ImageSpecError, type Descriptor } from "@bootlayer/image-spec";

/** Reads what the store has of an image's manifests and configs; undefined for what it lacks, or has damaged. */
export function storedDocument(
  store: BlobStore,
  signal: AbortSignal,
): (descriptor: Descriptor) => Promise<Uint8Array | undefined> {
  return async (descriptor) => {
    if (!(await hasBlob(store, descriptor))) return undefined;
    try {
      return await readDocument(store, descriptor, signal);
    } catch (error) {
      if (error instanceof ImageSpecError || error instanceof StoreError) return undefined;
      throw error;
    }
  };
}
