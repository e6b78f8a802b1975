export { flattenLayers, type FlattenedImage, type FlattenStatistics } from "./flatten.ts";
export type { FlattenOptions, LowerImage, ReadFile } from "./options.ts";
export type { LayerSource } from "./layer-source.ts";
export type { FlattenEvent } from "./events.ts";
export { parseLayerLimits, type LayerLimits } from "./limits.ts";
export { discardContents } from "./discard-contents.ts";
export { readTar, type TarReaderOptions } from "./tar/tar-reader.ts";
export type { TarBare, TarDevice, TarEntry, TarEvent, TarFile, TarLink } from "./tar/tar-entry.ts";
export { FlattenError, TarError, type FlattenErrorCode, type TarErrorCode } from "./errors.ts";
