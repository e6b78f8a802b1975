import { ImageSpecError } from "./errors.ts";

/** Media types of the OCI image specification (media-types.md) and of Docker's image manifest version 2, schema 2. */
export const mediaTypes = {
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
} as const;

const manifestTypes: ReadonlySet<string> = new Set([
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerManifestList,
]);

/** True for manifests and indexes, which registries keep apart from blobs. */
export function isManifestMediaType(mediaType: string): boolean {
  return manifestTypes.has(mediaType);
}

/** How a layer's tar is wrapped. */
export type LayerCompression = "none" | "gzip" | "zstd";

const layers: Readonly<Record<string, LayerCompression>> = {
  [mediaTypes.ociLayer]: "none",
  [mediaTypes.ociLayerGzip]: "gzip",
  [mediaTypes.ociLayerZstd]: "zstd",
  "application/vnd.oci.image.layer.nondistributable.v1.tar": "none",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": "gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": "zstd",
  "application/vnd.docker.image.rootfs.diff.tar": "none",
  "application/vnd.docker.image.rootfs.diff.tar.gzip": "gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
  "application/vnd.docker.image.rootfs.foreign.diff.tar": "none",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": "gzip",
};

/** @throws {ImageSpecError} MEDIA_TYPE_UNSUPPORTED, naming it, for anything that is no layer of a container image. */
export function layerCompression(mediaType: string): LayerCompression {
  const compression = Object.hasOwn(layers, mediaType) ? layers[mediaType] : undefined;
  if (compression === undefined)
    throw new ImageSpecError(
      "MEDIA_TYPE_UNSUPPORTED",
      `layer media type ${JSON.stringify(mediaType)} is not supported`,
      "layers are tar, plain or in gzip or zstd; encrypted layers and artifacts are no root file system",
    );
  return compression;
}
