import { BootlayerError } from "@bootlayer/errors";

export type GuestErrorCode = "GUEST_CONFIG";

/** What was asked of a guest cannot be had, or not of this image. */
export class GuestError extends BootlayerError<GuestErrorCode> {}
