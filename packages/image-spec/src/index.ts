export {
  digestAlgorithm,
  digestHex,
  digestOf,
  digestOfHash,
  digestOfStream,
  isDigest,
  parseDigest,
  type Digest,
  type DigestAlgorithm,
} from "./digest.ts";
export { verifyBlob, verifiedBytes } from "./verify-blob.ts";
export { isManifestMediaType, layerCompression, mediaTypes, type LayerCompression } from "./media-type.ts";
export { descriptorSchema, type Descriptor } from "./descriptor.ts";
export type { Manifest } from "./manifest.ts";
export type { Index } from "./image-index.ts";
export { parseDocument, maxDocumentBytes, type ImageDocument } from "./document.ts";
export { resolveManifest, type NamedDocument, type ReadDocument } from "./resolve-manifest.ts";
export type { ResolvedImage } from "./resolved-image.ts";
export { parseConfig, type ImageConfig, type ProcessConfig } from "./config.ts";
export {
  choosePlatform,
  formatPlatform,
  hostPlatform,
  matchPlatform,
  normalisePlatform,
  parsePlatform,
  rankPlatforms,
  type Platform,
} from "./platform.ts";
export { ImageSpecError, type ImageSpecErrorCode } from "./errors.ts";
