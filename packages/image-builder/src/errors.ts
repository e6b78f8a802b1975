import { BootlayerError } from "@bootlayer/errors";

export type BuilderErrorCode =
  | "SOURCE_INVALID"
  | "OPTIONS_INVALID"
  | "OUTPUT_NOT_A_FILE"
  | "CANCELLED"
  | "PATH_NOT_FOUND";

/** A request that cannot be carried out as it stands. */
export class BuilderError extends BootlayerError<BuilderErrorCode> {}
