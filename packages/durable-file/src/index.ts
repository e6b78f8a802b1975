export { createDurableFile, type DurableFile, type DurableFileOptions } from "./durable-file.ts";
export { withEarlyWriteBack, type EarlyWriteBack } from "./early-write-back.ts";
export { makeDirectory } from "./make-directory.ts";
export { namesIn } from "./names-in.ts";
export { readAhead } from "./read-ahead.ts";
export { removeAllStaleTemporaries, removeStaleTemporaries } from "./stale-temporaries.ts";
export { syncDirectory } from "./sync-directory.ts";
export { isOwnerAlive, ownerTag, parseOwnerTag, type ProcessOwner } from "./process-owner.ts";
export { DurableFileError, fileError, type DurableFileErrorCode } from "./errors.ts";
