import {
  ImageSpecError,
  isManifestMediaType,
  maxDocumentBytes,
  resolveManifest,
  verifiedBytes,
  type Descriptor,
  type Platform,
  type ResolvedImage,
} from "@bootlayer/image-spec";
import { fetchBlob } from "./blob-download.ts";
import type { RegistryClient } from "./client.ts";
import { embeddedData } from "./embedded-data.ts";
import { fetchManifestBytes } from "./manifest.ts";
import { formatReference, type Reference } from "./reference.ts";

export interface ResolveOptions {
  /**
   * Of what a digest names, that which the caller has: its bytes, checked against the descriptor, or undefined. The registry
   * is asked for the rest.
   */
  readonly known?: (descriptor: Descriptor) => Promise<Uint8Array | undefined>;
}

/**
 * Finds the image for a platform. The reference is looked up once; from there on everything is fetched by digest, so
 * that a tag which moves in between cannot mix two images.
 *
 * @throws {RegistryError} by kind of failure. @throws {ImageSpecError} as `resolveManifest`.
 */
export async function resolveImage(
  client: RegistryClient,
  reference: Reference,
  platform: Platform,
  signal: AbortSignal,
  { known }: ResolveOptions = {},
): Promise<ResolvedImage> {
  const { bytes, digest, mediaType } = await fetchManifestBytes(client, reference, signal);
  return resolveManifest({ bytes, digest, mediaType }, platform, async (descriptor) => {
    const bytes = await known?.(descriptor);
    return bytes ?? readDocument(client, reference, descriptor, signal);
  });
}

/** A manifest, index or config, checked against its descriptor. */
async function readDocument(
  client: RegistryClient,
  reference: Reference,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { registry, repository } = reference;
  const { digest, size, mediaType } = descriptor;
  if (size > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `${digest} in ${formatReference(reference)} has ${size} bytes, more than ${maxDocumentBytes}`,
      "no image needs a document of that size",
    );
  const embedded = embeddedData(descriptor);
  if (embedded) return embedded;
  if (!isManifestMediaType(mediaType))
    return verifiedBytes(fetchBlob(client, reference, descriptor, { signal }), descriptor);
  const { bytes } = await fetchManifestBytes(client, { registry, repository, digest }, signal, size);
  return bytes;
}
