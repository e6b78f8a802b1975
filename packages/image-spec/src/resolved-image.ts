import type { ImageConfig } from "./config.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Manifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";

/** One image for one platform with its documents at hand, wherever it came from: a registry, a store, a layout. */
export interface ResolvedImage {
  /** Of the manifest: as the index that chose it has it, or made from the manifest alone. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  /** The manifest exactly as stored or sent: what `descriptor.digest` is of. */
  readonly manifestBytes: Uint8Array;
  readonly config: ImageConfig;
  /** The config exactly as stored or sent: what `manifest.config.digest` is of. */
  readonly configBytes: Uint8Array;
  /** What the image runs on, in its normal spelling: as the index says, else as the config says. */
  readonly platform: Platform;
  /** Of the outermost index, where the image was chosen from one. */
  readonly indexDescriptor?: Descriptor | undefined;
}
