export { openBlobStore, type BlobStore } from "./blob-store.ts";
export { openLayout, type Layout } from "./layout.ts";
export { hasBlob, readBlob, readDocument, type BlobName } from "./read-blob.ts";
export { ingestBlob, type IngestOptions } from "./ingest.ts";
export { resolveImageInLayout, resolveInLayout } from "./resolve.ts";
export { listImages, tagImage, untagImage, type ListedImage, type TagImageOptions } from "./images.ts";
export { StoreError, type StoreErrorCode } from "./errors.ts";
