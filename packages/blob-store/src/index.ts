export { openBlobStore, type BlobStore } from "./blob-store.ts";
export { openLayout, type Layout } from "./layout.ts";
export { blobSize, hasBlob, readBlob, readDocument, type BlobName } from "./read-blob.ts";
export {
  ingestBlob,
  ingestBytes,
  startIngest,
  type BlobIngest,
  type IngestOptions,
  type IngestResult,
  type OpenSource,
} from "./ingest.ts";
export { ingestFile } from "./ingest-file.ts";
export { openBlobRange, type ByteRange } from "./blob-range.ts";
export type { StoreEvent } from "./events.ts";
export { chooseNamed, resolveImageInLayout, resolveInLayout } from "./resolve.ts";
export {
  hasImage,
  listImages,
  tagImage,
  untagImage,
  type ListedImage,
  type TagImageOptions,
} from "./images.ts";
export { holdBlobs, type Lease, type LeaseOptions } from "./lease.ts";
export { collectGarbage, graceCutoff, type GarbageOptions, type GarbageReport } from "./collect-garbage.ts";
export { scrubStore, type ScrubOptions, type ScrubReport } from "./scrub.ts";
export { storeUsage, type ImageUsage, type StoreUsage } from "./usage.ts";
export { StoreError, type StoreErrorCode } from "./errors.ts";
