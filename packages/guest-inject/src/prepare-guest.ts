import type { Platform } from "@bootlayer/image-spec";
import type { GuestConfig } from "./guest-config.ts";
import { GuestError } from "./errors.ts";
import type { PreparedGuest } from "./guest-plan.ts";

export interface PrepareOptions {
  /** What the image is for: decides which build of our init goes in. */
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads everything of the host that goes into a guest.
 *
 * @throws {GuestError} GUEST_ARCHITECTURE, GUEST_FILE, GUEST_MODULE. The signal's reason passes through.
 */
export async function prepareGuest(config: GuestConfig, options: PrepareOptions): Promise<PreparedGuest> {
  options.signal?.throwIfAborted();
  throw new GuestError("GUEST_ARCHITECTURE", `${config.init} is not ready`, "wait");
}
