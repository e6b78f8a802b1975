import { BootlayerError } from "@bootlayer/errors";

export type BuilderErrorCode =
  | "SOURCE_INVALID"
  | "SOURCE_NOT_FOUND"
  | "SOURCE_ARCHIVE"
  | "SOURCE_CHANGED"
  | "SOURCE_LIMIT"
  | "DAEMON_UNREACHABLE"
  | "DAEMON_NOT_FOUND"
  | "DAEMON_REFUSED"
  | "DAEMON_INTERRUPTED"
  | "OPTIONS_INVALID"
  | "OUTPUT_NOT_A_FILE"
  | "CANCELLED"
  | "PATH_NOT_FOUND"
  | "DISK_NOT_FOUND"
  | "DISK_INVALID";

/** A request that cannot be carried out as it stands. */
export class BuilderError extends BootlayerError<BuilderErrorCode> {}
