import { gzipSync, zstdCompressSync } from "node:zlib";
import { describeBytes, sha256Digest, type FixtureDescriptor } from "./descriptor.ts";

export type LayerCompression = "none" | "gzip" | "zstd";

/** One layer of a fixture image: the blob, and the archive inside it. */
export interface LayerBlob {
  /** The blob as a registry serves it. */
  readonly bytes: Buffer;
  /** The archive before compression. */
  readonly tar: Buffer;
  readonly descriptor: FixtureDescriptor;
  /** Digest of `tar`. */
  readonly diffId: `sha256:${string}`;
}

export const LAYER_MEDIA_TYPES: Readonly<Record<LayerCompression, string>> = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

const COMPRESSORS: Readonly<Record<LayerCompression, (archive: Buffer) => Buffer>> = {
  none: (archive) => archive,
  gzip: (archive) => gzipSync(archive),
  zstd: (archive) => zstdCompressSync(archive),
};

export function layerBlob(tar: Uint8Array, compression: LayerCompression = "gzip"): LayerBlob {
  const archive = Buffer.from(tar);
  const bytes = COMPRESSORS[compression](archive);
  return {
    bytes,
    tar: archive,
    descriptor: describeBytes(LAYER_MEDIA_TYPES[compression], bytes),
    diffId: sha256Digest(archive),
  };
}
