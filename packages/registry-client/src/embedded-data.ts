import { digestAlgorithm, digestOf, type Descriptor } from "@bootlayer/image-spec";

/** A descriptor's `data` (image-spec descriptor.md), if it is what the descriptor promises: else it is as if absent. */
export function embeddedData({ data, digest, size }: Descriptor): Uint8Array | undefined {
  if (data === undefined) return undefined;
  const bytes = Buffer.from(data, "base64");
  return bytes.length === size && digestOf(bytes, digestAlgorithm(digest)) === digest ? bytes : undefined;
}
