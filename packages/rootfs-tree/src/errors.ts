import { BootlayerError } from "@bootlayer/errors";

export type RootfsTreeErrorCode = "PATH_ESCAPES_ROOT" | "PATH_SYMLINK_LOOP" | "PATH_INVALID";

/** A path that cannot be followed inside the tree. */
export class RootfsTreeError extends BootlayerError<RootfsTreeErrorCode> {}
