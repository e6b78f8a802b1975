import { BootlayerError } from "@bootlayer/errors";

export type SquashfsErrorCode =
  /** An option is out of range, or two do not go together. */
  | "SQUASHFS_OPTIONS_INVALID"
  /** A compressor that this installation does not have. */
  | "SQUASHFS_COMPRESSOR_MISSING"
  /** What the format cannot hold: more than 65,535 owners, an attribute outside user, trusted and security, a table over 4 GiB. */
  | "SQUASHFS_TOO_MANY_IDS"
  | "SQUASHFS_XATTR_UNSUPPORTED"
  | "SQUASHFS_XATTRS_TOO_LARGE"
  | "SQUASHFS_TOO_LARGE"
  /** A thread that compresses has ended. */
  | "SQUASHFS_WORKER"
  /** Only a fault of the caller's program leads to these. */
  | "SQUASHFS_CONTENT_INVALID"
  | "SQUASHFS_TREE_INVALID"
  | "SQUASHFS_WRITER_STATE";

/** A squashfs image cannot be written as asked. */
export class SquashfsError extends BootlayerError<SquashfsErrorCode> {}

/** A content that is not what was announced. */
export function contentInvalid(what: string): SquashfsError {
  return new SquashfsError(
    "SQUASHFS_CONTENT_INVALID",
    `a file's content ${what}`,
    "announce the size and data regions that are then written",
  );
}
