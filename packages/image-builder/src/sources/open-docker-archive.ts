import {
  digestHex,
  digestOf,
  digestOfStream,
  ImageSpecError,
  isDigest,
  parseConfig,
  type Descriptor,
  type Digest,
  type Platform,
} from "@bootlayer/image-spec";
import { detectWrapping, magicBytes, type LayerSource } from "@bootlayer/layer-flattener";
import type { DockerArchiveImage } from "../source.ts";
import { archiveError, readDocumentAt, type ArchiveEntries, type ArchiveEntry } from "./archive-entries.ts";
import { chooseDockerImage, parseDockerManifest } from "./docker-manifest.ts";
import { layerMediaType } from "./layer-media-type.ts";
import type { LocalImage } from "./local-image.ts";
import { synthesizeImage } from "./synthesized-image.ts";

/**
 * An image of an archive as `docker save` writes it, in the old form and in that which is an OCI layout too: manifest.json
 * decides. Its manifest is made of the config and the layers as they lie in the archive (`synthesizeImage`); layers that
 * are not compressed have their diff ID as digest, those that are a layout's blobs the one in their name; all others are hashed.
 *
 * @throws {BuilderError} SOURCE_ARCHIVE, SOURCE_CHANGED. @throws {StoreError} STORE_IMAGE_NOT_FOUND,
 * STORE_IMAGE_AMBIGUOUS. @throws {ImageSpecError} BLOB_DIGEST if the config is not what its name says; PLATFORM_NOT_FOUND,
 * DOCUMENT_INVALID, DOCUMENT_TOO_LARGE.
 */
export async function openDockerArchive(
  entries: ArchiveEntries,
  wanted: DockerArchiveImage,
  platform: Platform,
  signal: AbortSignal,
): Promise<LocalImage> {
  const { file } = entries;
  if (!entries.has("manifest.json"))
    throw archiveError(file.name, "has no manifest.json: it is none of docker save");
  const images = parseDockerManifest(await readDocumentAt(file, entries.find("manifest.json")), file.name);
  const chosen = chooseDockerImage(images, wanted, file.name);
  const configBytes = await readDocumentAt(file, entries.find(chosen.Config));
  checkConfigName(chosen.Config, configBytes);
  const { rootfs } = parseConfig(configBytes, `config ${chosen.Config}`, chosen.Layers.length);

  const layers: LayerSource[] = [];
  for (const [index, diffId] of rootfs.diff_ids.entries()) {
    const entry = entries.find(chosen.Layers[index] ?? "");
    const descriptor = await describeLayer(entries, entry, diffId, signal);
    layers.push({ descriptor, diffId, open: (signal) => file.read(entry.offset, entry.size, signal) });
  }
  const image = await synthesizeImage(
    configBytes,
    layers.map(({ descriptor }) => descriptor),
    platform,
  );
  return { image, layers };
}

async function describeLayer(
  { file }: ArchiveEntries,
  { name, offset, size }: ArchiveEntry,
  diffId: Digest,
  signal: AbortSignal,
): Promise<Descriptor> {
  const wrapping = detectWrapping(await file.readAt(offset, Math.min(size, magicBytes)));
  const mediaType = layerMediaType(wrapping, `layer ${name} in ${file.name}`);
  if (wrapping === "none") return { mediaType, digest: diffId, size };
  // In an archive that is a layout too the name says which bytes they are, and reading them proves it.
  const named = blobName(name);
  if (named !== undefined) return { mediaType, digest: named, size };
  return { mediaType, ...(await digestOfStream(file.read(offset, size, signal))) };
}

/** The digest of a layout's blob (image-spec image-layout.md, "Blobs"). */
function blobName(path: string): Digest | undefined {
  const [, algorithm, hex] = /^blobs\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const text = `${algorithm}:${hex}`;
  return isDigest(text) ? text : undefined;
}

/** The config's digest is the image's ID, and stands in its name: `HEX.json`, `blobs/sha256/HEX`. */
function checkConfigName(name: string, bytes: Uint8Array): void {
  const [, hex] = /(?:^|\/|sha256:)([0-9a-f]{64})(?:\.json)?$/.exec(name) ?? [];
  const digest = digestOf(bytes);
  if (hex !== undefined && hex !== digestHex(digest))
    throw new ImageSpecError(
      "BLOB_DIGEST",
      `config ${name} does not match its bytes`,
      "the archive is damaged or lies: get the image again",
    );
}
