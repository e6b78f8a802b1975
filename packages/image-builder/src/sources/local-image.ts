import type { ResolvedImage } from "@bootlayer/image-spec";
import type { LayerSource } from "@bootlayer/layer-flattener";

/** An image of this machine's files: its documents, and its layers where they lie. */
export interface LocalImage {
  readonly image: ResolvedImage;
  /** The base layer first. */
  readonly layers: readonly LayerSource[];
  /** What of the source the image does not hold, a sentence each. */
  readonly warnings?: readonly string[];
}
