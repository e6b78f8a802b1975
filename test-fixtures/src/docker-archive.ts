import { buffer } from "node:stream/consumers";
import { pack, type Pack } from "tar-stream";
import type { FixtureImage } from "./image.ts";
import { sha256Digest } from "./descriptor.ts";
import type { LayerBlob } from "./layer-blob.ts";

export interface DockerArchiveImage {
  readonly image: FixtureImage;
  /** As `docker save` was asked: `alpine:3.22`. None: an image without a name. */
  readonly tags?: readonly string[];
}

export interface DockerArchiveOptions {
  /** `legacy`: of Docker before 25, a directory for each layer; `oci`: since then, an OCI image layout at the same time. */
  readonly form: "legacy" | "oci";
  /** How layers lie in the archive; the engine writes them plain, other tools compressed. Default: plain. */
  readonly layers?: "plain" | "as-in-image";
}

/** What `docker save` writes. */
export async function dockerArchive(
  images: readonly DockerArchiveImage[],
  options: DockerArchiveOptions,
): Promise<Buffer> {
  const archive = pack();
  const all = buffer(archive);
  const manifest =
    options.form === "legacy" ? packLegacy(archive, images, options) : packOci(archive, images, options);
  archive.entry({ name: "manifest.json" }, JSON.stringify(manifest));
  archive.finalize();
  return all;
}

function packLegacy(
  archive: Pack,
  images: readonly DockerArchiveImage[],
  options: DockerArchiveOptions,
): object[] {
  const firstPlaces = new Map<string, string>();
  const repositories: Record<string, Record<string, string>> = {};
  const documents = images.map(({ image, tags = [] }, number) => {
    const config = `${hexOf(sha256Digest(image.config))}.json`;
    let parent: string | undefined;
    const layers = image.layers.map((layer, index) => {
      // The engine makes an ID of the history; any that no other layer has will do.
      const id = hexOf(sha256Digest(Buffer.from(`${number} ${index} ${layer.diffId}`)));
      archive.entry({ name: `${id}/`, type: "directory" });
      archive.entry({ name: `${id}/VERSION` }, "1.0");
      archive.entry({ name: `${id}/json` }, JSON.stringify({ id, parent, os: "linux" }));
      const first = firstPlaces.get(layer.diffId);
      const name = `${id}/layer.tar`;
      if (first === undefined) archive.entry({ name }, bytesOf(layer, options));
      else archive.entry({ name, type: "symlink", linkname: `../${first}` });
      firstPlaces.set(layer.diffId, first ?? name);
      parent = id;
      return name;
    });
    // The same image under two names is there once.
    if (!firstPlaces.has(config)) archive.entry({ name: config }, image.config);
    firstPlaces.set(config, config);
    for (const tag of tags) {
      const colon = tag.lastIndexOf(":");
      (repositories[tag.slice(0, colon)] ??= {})[tag.slice(colon + 1)] = parent ?? "";
    }
    return { Config: config, RepoTags: tags.length === 0 ? null : tags, Layers: layers };
  });
  archive.entry({ name: "repositories" }, JSON.stringify(repositories));
  return documents;
}

function packOci(
  archive: Pack,
  images: readonly DockerArchiveImage[],
  options: DockerArchiveOptions,
): object[] {
  const written = new Set<string>();
  const blob = (bytes: Buffer): string => {
    const name = `blobs/sha256/${hexOf(sha256Digest(bytes))}`;
    if (!written.has(name)) archive.entry({ name }, bytes);
    written.add(name);
    return name;
  };
  archive.entry({ name: "blobs/", type: "directory" });
  archive.entry({ name: "blobs/sha256/", type: "directory" });
  const manifests: object[] = [];
  const documents = images.map(({ image, tags = [] }) => {
    const Layers = image.layers.map((layer) => blob(bytesOf(layer, options)));
    const manifest = JSON.parse(image.manifest.toString()) as { layers: object[] };
    const plain = image.layers.map(({ tar, diffId }) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: diffId,
      size: tar.length,
    }));
    const bytes =
      options.layers === "as-in-image"
        ? image.manifest
        : Buffer.from(JSON.stringify({ ...manifest, layers: plain }));
    blob(bytes);
    const descriptor = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: sha256Digest(bytes),
      size: bytes.length,
    };
    for (const tag of tags.length === 0 ? [undefined] : tags)
      manifests.push({
        ...descriptor,
        ...(tag !== undefined && {
          annotations: {
            "io.containerd.image.name": `docker.io/library/${tag}`,
            "org.opencontainers.image.ref.name": tag.slice(tag.lastIndexOf(":") + 1),
          },
        }),
      });
    return { Config: blob(image.config), RepoTags: tags.length === 0 ? null : tags, Layers };
  });
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  archive.entry({ name: "index.json" }, JSON.stringify(index));
  archive.entry({ name: "oci-layout" }, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  return documents;
}

function bytesOf(layer: LayerBlob, { layers = "plain" }: DockerArchiveOptions): Buffer {
  return layers === "plain" ? layer.tar : layer.bytes;
}

function hexOf(digest: string): string {
  return digest.slice("sha256:".length);
}
