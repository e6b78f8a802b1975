export { createDurableFile, type DurableFile } from "./durable-file.ts";
export { removeStaleTemporaries } from "./stale-temporaries.ts";
export { syncDirectory } from "./sync-directory.ts";
export { DurableFileError, fileError, type DurableFileErrorCode } from "./errors.ts";
