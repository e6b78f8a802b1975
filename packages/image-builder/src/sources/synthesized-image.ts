import {
  digestOf,
  mediaTypes,
  resolveManifest,
  type Descriptor,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";

/**
 * An image whose source has no manifest, with one that is made of its config and layers: canonical in that the same
 * config and layers always make the same bytes, of which the image's digest is. They are those of
 * `{"schemaVersion":2,"mediaType":...,"config":{"mediaType","digest","size"},"layers":[{"mediaType","digest","size"}...]}`
 * in this order, without blanks, with media types of OCI.
 *
 * @throws {ImageSpecError} PLATFORM_NOT_FOUND if the config is for another platform; DOCUMENT_INVALID, DOCUMENT_TOO_LARGE.
 */
export async function synthesizeImage(
  configBytes: Uint8Array,
  layers: readonly Pick<Descriptor, "mediaType" | "digest" | "size">[],
  platform: Platform,
): Promise<ResolvedImage> {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: digestOf(configBytes), size: configBytes.length },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return resolveManifest(
    { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest },
    platform,
    async () => configBytes,
  );
}
