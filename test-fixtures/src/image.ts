import { describeBytes, type FixtureDescriptor } from "./descriptor.ts";
import type { LayerBlob } from "./layer-blob.ts";

const CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json";
const MANIFEST_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json";
const INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json";

/** An image as its documents and blobs, ready to be served or laid out. */
export interface FixtureImage {
  readonly manifest: Buffer;
  readonly manifestDescriptor: FixtureDescriptor;
  readonly config: Buffer;
  readonly configDescriptor: FixtureDescriptor;
  readonly layers: readonly LayerBlob[];
}

export interface ImageOptions {
  /** The config's `config` object: Env, Cmd, User and so on. */
  readonly config?: object;
  /** Default: amd64. */
  readonly architecture?: string;
  /** Default: linux. */
  readonly os?: string;
  readonly variant?: string;
  /** RFC 3339. Default: 2024-01-02T03:04:05Z. */
  readonly created?: string;
}

export function image(layers: readonly LayerBlob[], options: ImageOptions = {}): FixtureImage {
  return { ...imageDocuments(layers, options), layers };
}

export type ImageDocuments = Omit<FixtureImage, "layers">;

/** Config and manifest of an image whose layers' bytes may be anywhere. */
export function imageDocuments(
  layers: readonly Pick<LayerBlob, "descriptor" | "diffId">[],
  options: ImageOptions,
): ImageDocuments {
  const config = json({
    created: options.created ?? "2024-01-02T03:04:05Z",
    architecture: options.architecture ?? "amd64",
    os: options.os ?? "linux",
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    config: options.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
  });
  const configDescriptor = describeBytes(CONFIG_MEDIA_TYPE, config);
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST_MEDIA_TYPE,
    config: configDescriptor,
    layers: layers.map((layer) => layer.descriptor),
  });
  const manifestDescriptor = describeBytes(MANIFEST_MEDIA_TYPE, manifest);
  return { manifest, manifestDescriptor, config, configDescriptor };
}

/** Images of several platforms under one name. */
export interface FixtureIndex {
  readonly index: Buffer;
  readonly indexDescriptor: FixtureDescriptor;
  readonly images: readonly FixtureImage[];
}

export interface IndexEntry {
  readonly image: FixtureImage;
  /** Left out of the descriptor when absent. */
  readonly platform?: { readonly architecture: string; readonly os: string; readonly variant?: string };
}

export function imageIndex(entries: readonly IndexEntry[]): FixtureIndex {
  const index = json({
    schemaVersion: 2,
    mediaType: INDEX_MEDIA_TYPE,
    manifests: entries.map(({ image, platform }) => ({ ...image.manifestDescriptor, platform })),
  });
  return {
    index,
    indexDescriptor: describeBytes(INDEX_MEDIA_TYPE, index),
    images: entries.map((entry) => entry.image),
  };
}

/** The descriptor that a tag stands for. */
export function topDescriptor(content: FixtureImage | FixtureIndex): FixtureDescriptor {
  return "index" in content ? content.indexDescriptor : content.manifestDescriptor;
}

export interface FixtureDocument {
  readonly descriptor: FixtureDescriptor;
  readonly bytes: Buffer;
}

/** Manifests and indexes: what a registry serves under /manifests/. */
export function manifestsOf(content: FixtureImage | FixtureIndex): FixtureDocument[] {
  if ("index" in content) {
    const top = { descriptor: content.indexDescriptor, bytes: content.index };
    return [top, ...content.images.flatMap(manifestsOf)];
  }
  return [{ descriptor: content.manifestDescriptor, bytes: content.manifest }];
}

/** Configs and layers: what a registry serves under /blobs/. */
export function blobsOf(content: FixtureImage | FixtureIndex): FixtureDocument[] {
  if ("index" in content) return content.images.flatMap(blobsOf);
  return [
    { descriptor: content.configDescriptor, bytes: content.config },
    ...content.layers.map(({ descriptor, bytes }) => ({ descriptor, bytes })),
  ];
}

function json(document: unknown): Buffer {
  return Buffer.from(JSON.stringify(document));
}
