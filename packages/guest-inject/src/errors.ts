import { BootlayerError } from "@bootlayer/errors";

export type GuestErrorCode =
  | "GUEST_CONFIG"
  | "GUEST_KERNEL"
  | "GUEST_LAUNCH"
  | "GUEST_QEMU_MISSING"
  | "GUEST_BOOT_FAILED"
  | "GUEST_BOOT_TIMEOUT";

/** What was asked of a guest cannot be had, or not of this image. */
export class GuestError extends BootlayerError<GuestErrorCode> {}
