export type { SquashfsOptions, SquashfsCompression, SquashfsBlockSize, XzFilter } from "./options.ts";
export { SquashfsError, type SquashfsErrorCode } from "./errors.ts";
