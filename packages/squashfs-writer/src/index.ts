export { createSquashfsImage, type SquashfsImageWriter, type SquashfsSummary } from "./squashfs-image.ts";
export type { SquashfsOptions, SquashfsCompression, SquashfsBlockSize, XzFilter } from "./options.ts";
export { SquashfsError, type SquashfsErrorCode } from "./errors.ts";
export { compressorVersion } from "./compress/compressor-version.ts";
