import { BootlayerError } from "@bootlayer/errors";

export type StoreErrorCode =
  | "STORE_INVALID"
  | "STORE_OPTIONS"
  | "STORE_BUSY"
  | "STORE_FULL"
  | "STORE_BLOB_MISSING"
  | "STORE_BLOB_DAMAGED"
  | "STORE_IMAGE_NOT_FOUND"
  | "STORE_IMAGE_AMBIGUOUS"
  | "STORE_NAME_INVALID";

/** A layout or store that does not hold what was asked of it, or is none. */
export class StoreError extends BootlayerError<StoreErrorCode> {}
