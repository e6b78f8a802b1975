import {
  choosePlatform,
  ImageSpecError,
  matchPlatform,
  maxDocumentBytes,
  mediaTypes,
  parseConfig,
  verifiedBytes,
  type Descriptor,
  type ImageConfig,
  type Manifest,
  type Platform,
} from "@bootlayer/image-spec";
import { fetchBlob } from "./blob-download.ts";
import type { RegistryClient } from "./client.ts";
import { embeddedData } from "./embedded-data.ts";
import { RegistryError } from "./errors.ts";
import { fetchManifest, type FetchedManifest } from "./manifest.ts";
import { formatReference, type Reference } from "./reference.ts";

/** One image for one platform, with all that is known of it before its layers. */
export interface ResolvedImage {
  /** Of the platform's manifest. */
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** What the reference itself named, where that was an index. */
  readonly indexDescriptor?: Descriptor;
  readonly config: ImageConfig;
  readonly configBytes: Uint8Array;
}

/** An index in an index in an index is more than any tool makes; no cycle is possible where every digest is checked. */
const maxIndexDepth = 3;
/** Manifests without a platform on their descriptor that are opened to find theirs. */
const maxOpenedManifests = 16;

const configMediaTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig]);

/**
 * Finds the image for a platform. The reference is looked up once; from there on everything is fetched by digest, so
 * that a tag which moves in between cannot mix two images.
 *
 * @throws {RegistryError} by kind of failure; REGISTRY_INDEX_NESTING.
 * @throws {ImageSpecError} PLATFORM_NOT_FOUND listing what there is, MEDIA_TYPE_UNSUPPORTED for what is no container
 * image, and what is wrong with a document.
 */
export async function resolveImage(
  client: RegistryClient,
  reference: Reference,
  platform: Platform,
  signal: AbortSignal,
): Promise<ResolvedImage> {
  const named = await fetchManifest(client, reference, signal);
  const search: Search = { client, reference, platform, signal, opened: 0 };
  if (named.document.kind === "index") {
    const found = await searchIndex(search, named, 1);
    return { ...found, indexDescriptor: named.descriptor };
  }
  const image = await openImage(search, named, named.document.manifest);
  choosePlatform(platform, [{ platform: image.config }]);
  return image;
}

interface Search {
  readonly client: RegistryClient;
  readonly reference: Reference;
  readonly platform: Platform;
  readonly signal: AbortSignal;
  opened: number;
}

async function searchIndex(search: Search, index: FetchedManifest, depth: number): Promise<ResolvedImage> {
  if (index.document.kind === "manifest") return openImage(search, index, index.document.manifest);
  if (depth > maxIndexDepth)
    throw new RegistryError(
      "REGISTRY_INDEX_NESTING",
      `${formatReference(search.reference)} has indexes nested more than ${maxIndexDepth} deep`,
      "name the inner image by its digest",
    );
  const { manifests } = index.document.index;
  const declared = manifests.filter(({ platform }) => platform);
  if (!declared.some((offer) => offer.platform && matchPlatform(search.platform, offer.platform) > 0)) {
    const undeclared = await searchUndeclared(
      search,
      manifests.filter(({ platform }) => !platform),
      depth,
    );
    if (undeclared) return undeclared;
  }
  return searchIndex(search, await open(search, choosePlatform(search.platform, declared)), depth + 1);
}

/** Descriptors that do not say what they are for: what they point at does. */
async function searchUndeclared(
  search: Search,
  descriptors: readonly Descriptor[],
  depth: number,
): Promise<ResolvedImage | undefined> {
  let best: ResolvedImage | undefined;
  let bestMatch = 0;
  for (const descriptor of descriptors) {
    if (++search.opened > maxOpenedManifests) break;
    const image = await tryOpen(search, descriptor, depth);
    const match = image ? matchPlatform(search.platform, image.config) : 0;
    if (match > bestMatch) [best, bestMatch] = [image, match];
  }
  return best;
}

/** An artifact in the index, or an inner index without this platform, is passed over. */
async function tryOpen(
  search: Search,
  descriptor: Descriptor,
  depth: number,
): Promise<ResolvedImage | undefined> {
  try {
    return await searchIndex(search, await open(search, descriptor), depth + 1);
  } catch (error) {
    const isOther =
      error instanceof ImageSpecError &&
      ["PLATFORM_NOT_FOUND", "MEDIA_TYPE_UNSUPPORTED", "DOCUMENT_UNSUPPORTED"].includes(error.code);
    if (isOther) return undefined;
    throw error;
  }
}

function open({ client, reference, signal }: Search, descriptor: Descriptor): Promise<FetchedManifest> {
  const { registry, repository } = reference;
  return fetchManifest(client, { registry, repository, digest: descriptor.digest }, signal, descriptor);
}

async function openImage(
  { client, reference, signal }: Search,
  { descriptor, bytes }: FetchedManifest,
  manifest: Manifest,
): Promise<ResolvedImage> {
  const name = formatReference(reference);
  if (!configMediaTypes.has(manifest.config.mediaType))
    throw new ImageSpecError(
      "MEDIA_TYPE_UNSUPPORTED",
      `${name} is no container image: its config has media type ${JSON.stringify(manifest.config.mediaType)}`,
      "name an image with a root file system",
    );
  const configBytes = await fetchConfig(client, reference, manifest.config, signal);
  const config = parseConfig(configBytes, `config of ${name}`, manifest.layers.length);
  return { descriptor, manifest, manifestBytes: bytes, config, configBytes };
}

async function fetchConfig(
  client: RegistryClient,
  reference: Reference,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > maxDocumentBytes)
    throw new ImageSpecError(
      "DOCUMENT_TOO_LARGE",
      `config ${digest} of ${formatReference(reference)} has ${size} bytes, more than ${maxDocumentBytes}`,
      "no image needs a config of that size",
    );
  return (
    embeddedData(descriptor) ??
    verifiedBytes(fetchBlob(client, reference, descriptor, { signal }), descriptor)
  );
}
