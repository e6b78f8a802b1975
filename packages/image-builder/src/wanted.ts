import type { ResolvedImage } from "@bootlayer/image-spec";
import type { StorePull } from "./store-pull.ts";

/** What an image is made of. The flattener reads the layers from the top one down: so they are asked for. */
export function wantedOf({
  descriptor,
  platform,
  manifest,
  manifestBytes,
  configBytes,
}: ResolvedImage): Pick<StorePull, "documents" | "blobs" | "top"> {
  return {
    documents: [
      { descriptor: manifest.config, bytes: configBytes },
      { descriptor, bytes: manifestBytes },
    ],
    blobs: manifest.layers.toReversed(),
    // Another platform that has the same name in the store keeps it.
    top: { ...descriptor, platform },
  };
}
