export { paxRecords, tarArchive, withChecksum, type TarEntry, type TarEntryKind } from "./tar-archive.ts";
export { sha256Digest, type FixtureDescriptor } from "./descriptor.ts";
export { layerBlob, type LayerBlob, type LayerCompression } from "./layer-blob.ts";
export {
  image,
  imageIndex,
  type FixtureImage,
  type FixtureIndex,
  type ImageOptions,
  type IndexEntry,
} from "./image.ts";
export { writeLayout } from "./layout.ts";
export {
  startRegistry,
  type Registry,
  type RegistryOptions,
  type RegistryRequest,
} from "./registry/start-registry.ts";
export type { Fault } from "./registry/fault.ts";
export type { RegistryAuth } from "./registry/auth.ts";
export { judgePath, requireJudge } from "./require-judge.ts";
