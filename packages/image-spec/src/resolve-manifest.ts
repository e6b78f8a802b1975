import { parseConfig } from "./config.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { parseDocument } from "./document.ts";
import { ImageSpecError } from "./errors.ts";
import type { Index } from "./image-index.ts";
import type { Manifest } from "./manifest.ts";
import { mediaTypes } from "./media-type.ts";
import { normalisePlatform, platformNotFound, rankPlatforms, type Platform } from "./platform.ts";
import type { ResolvedImage } from "./resolved-image.ts";

/** A manifest or index that was named: its bytes are checked against `digest` already. */
export interface NamedDocument {
  readonly bytes: Uint8Array;
  readonly digest: Digest;
  /** From the descriptor or Content-Type; the document's own `mediaType` counts for more. */
  readonly mediaType?: string | undefined;
}

/** Gives a document's bytes, checked against the descriptor, whose size it bounds by `maxDocumentBytes`. */
export type ReadDocument = (descriptor: Descriptor) => Promise<Uint8Array>;

/** Honest images nest once or twice: an index in a layout's index.json, an index in an index. */
const maxIndexDepth = 4;
/** Manifests and indexes that one resolve opens. Descriptors that say their platform cost none. */
const maxDocuments = 100;

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerManifestList];
const manifestTypes: readonly string[] = [mediaTypes.ociManifest, mediaTypes.dockerManifest];
const configTypes: ReadonlySet<string> = new Set([mediaTypes.ociConfig, mediaTypes.dockerConfig]);

/**
 * Finds the image for one platform, from a manifest or through any indexes (image-spec image-index.md).
 *
 * In an index the descriptors that say a fitting platform come first, the best match before others; only where none of
 * them leads to an image are those without a platform opened, in order, and a manifest is then judged by its config.
 * Attestations (`unknown/unknown`), artifacts and unknown media types are passed over. A manifest that was named itself
 * must fit the platform by its config: there is no fall-back to another architecture.
 *
 * @throws {ImageSpecError} PLATFORM_NOT_FOUND, listing what there is; INDEX_TOO_COMPLEX for indexes in a circle, nested
 * more than 4 deep, or that make this open more than 100 documents; DOCUMENT_UNSUPPORTED if the named manifest is no
 * image; DOCUMENT_INVALID and DOCUMENT_TOO_LARGE; and whatever `readDocument` throws.
 */
export async function resolveManifest(
  start: NamedDocument,
  platform: Platform,
  readDocument: ReadDocument,
): Promise<ResolvedImage> {
  const offered: Platform[] = [];
  let documents = 0;

  async function openDescriptor(
    descriptor: Descriptor,
    indexes: readonly Digest[],
  ): Promise<ResolvedImage | undefined> {
    if (indexes.includes(descriptor.digest)) throw tooComplex(start.digest, "contains itself");
    if (++documents > maxDocuments)
      throw tooComplex(start.digest, `makes a reader open more than ${maxDocuments} documents`);
    const bytes = await readDocument(descriptor);
    const document = parseDocument(bytes, `document ${descriptor.digest}`, descriptor.mediaType);
    if (document.kind === "index") return searchIndex(document.index, [...indexes, descriptor.digest]);
    if (!isImage(document.manifest)) return undefined;
    return fitting(descriptor, document.manifest, bytes);
  }

  async function searchIndex(index: Index, indexes: readonly Digest[]): Promise<ResolvedImage | undefined> {
    if (indexes.length > maxIndexDepth)
      throw tooComplex(start.digest, `nests more than ${maxIndexDepth} deep`);
    const known = index.manifests.filter(({ mediaType }) =>
      [...indexTypes, ...manifestTypes].includes(mediaType),
    );
    offered.push(...known.flatMap(({ platform }) => platform ?? []));
    const silent = known.filter((descriptor) => descriptor.platform === undefined);
    for (const descriptor of [...rankPlatforms(platform, known), ...silent]) {
      const found = await openDescriptor(descriptor, indexes);
      if (found) return found;
    }
    return undefined;
  }

  /** The image, if its index or else its config says that it runs on the platform. */
  async function fitting(
    descriptor: Descriptor,
    manifest: Manifest,
    manifestBytes: Uint8Array,
  ): Promise<ResolvedImage | undefined> {
    const configBytes = await readDocument(manifest.config);
    const config = parseConfig(configBytes, `config ${manifest.config.digest}`, manifest.layers.length);
    const platformOfImage = descriptor.platform ?? config;
    if (descriptor.platform === undefined) offered.push(config);
    if (rankPlatforms(platform, [{ platform: platformOfImage }]).length === 0) return undefined;
    const { os, architecture, variant, "os.version": version, "os.features": features } = platformOfImage;
    return {
      descriptor,
      manifest,
      manifestBytes,
      config,
      configBytes,
      platform: normalisePlatform({
        os,
        architecture,
        variant,
        "os.version": version,
        "os.features": features,
      }),
    };
  }

  const document = parseDocument(start.bytes, `document ${start.digest}`, start.mediaType);
  if (document.kind === "manifest" && !isImage(document.manifest))
    throw new ImageSpecError(
      "DOCUMENT_UNSUPPORTED",
      `manifest ${start.digest} is an artifact, not an image: its config is ${document.manifest.config.mediaType}`,
      "name a container image",
    );
  const descriptor = describeStart(start, document);
  const found =
    document.kind === "index"
      ? await searchIndex(document.index, [start.digest])
      : await fitting(descriptor, document.manifest, start.bytes);
  if (!found)
    throw platformNotFound(
      platform,
      offered.map((platform) => ({ platform })),
    );
  return document.kind === "index" ? { ...found, indexDescriptor: descriptor } : found;
}

function describeStart(
  { bytes, digest, mediaType }: NamedDocument,
  document: ReturnType<typeof parseDocument>,
): Descriptor {
  const own = document.kind === "index" ? document.index.mediaType : document.manifest.mediaType;
  const [types, fallback] =
    document.kind === "index" ? [indexTypes, mediaTypes.ociIndex] : [manifestTypes, mediaTypes.ociManifest];
  const given = mediaType !== undefined && types.includes(mediaType) ? mediaType : fallback;
  return { mediaType: own ?? given, digest, size: bytes.length };
}

function isImage(manifest: Manifest): boolean {
  return configTypes.has(manifest.config.mediaType);
}

function tooComplex(digest: Digest, what: string): ImageSpecError {
  return new ImageSpecError(
    "INDEX_TOO_COMPLEX",
    `index ${digest} ${what}`,
    "no honest tool writes such an index",
  );
}
