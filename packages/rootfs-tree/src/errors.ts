import { BootlayerError } from "@bootlayer/errors";

export type RootfsTreeErrorCode = "PATH_SYMLINK_LOOP";

/** A path that cannot be followed inside the tree. */
export class RootfsTreeError extends BootlayerError<RootfsTreeErrorCode> {}
