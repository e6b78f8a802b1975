import { BootlayerError } from "@bootlayer/errors";

export type ImageSpecErrorCode =
  | "DIGEST_INVALID"
  | "BLOB_SIZE"
  | "BLOB_DIGEST"
  | "DOCUMENT_TOO_LARGE"
  | "DOCUMENT_INVALID"
  | "DOCUMENT_UNSUPPORTED"
  | "INDEX_TOO_COMPLEX"
  | "MEDIA_TYPE_UNSUPPORTED"
  | "PLATFORM_INVALID"
  | "PLATFORM_NOT_FOUND";

/** A document or blob of an image that is not what the image specification or its descriptor says. */
export class ImageSpecError extends BootlayerError<ImageSpecErrorCode> {}
