import type { Descriptor, Digest } from "@bootlayer/image-spec";

/** Where one layer's bytes come from: a store, a layout, a download under way, or memory. */
export interface LayerSource {
  /** Of the blob as stored or sent: its media type says how the tar is wrapped; digest and size are checked. */
  readonly descriptor: Descriptor;
  /** Digest of the uncompressed tar, from the image's config (image-spec config.md, "rootfs"); checked. */
  readonly diffId: Digest;
  /**
   * The blob from its first byte. Called once for the walk, and again if a second pass is needed. A chunk's memory
   * belongs to the source again when the next one is asked for.
   */
  open(signal: AbortSignal): AsyncIterable<Uint8Array>;
}
