import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256Digest, type FixtureDescriptor } from "./descriptor.ts";
import { blobsOf, manifestsOf, topDescriptor, type FixtureImage, type FixtureIndex } from "./image.ts";

/** Writes an OCI image layout (image-spec image-layout.md) in which each key is an `org.opencontainers.image.ref.name`. */
export async function writeLayout(
  directory: string,
  images: Readonly<Record<string, FixtureImage | FixtureIndex>>,
): Promise<void> {
  const tags: Record<string, FixtureDescriptor> = {};
  for (const [tag, content] of Object.entries(images)) {
    for (const { bytes } of [...manifestsOf(content), ...blobsOf(content)]) await writeBlob(directory, bytes);
    tags[tag] = topDescriptor(content);
  }
  await writeLayoutIndex(directory, tags);
}

/** The layout's own two files, where the blobs are written by other means. */
export async function writeLayoutIndex(
  directory: string,
  tags: Readonly<Record<string, FixtureDescriptor>>,
): Promise<void> {
  const manifests = Object.entries(tags).map(([tag, { mediaType, digest, size }]) => {
    return { mediaType, digest, size, annotations: { "org.opencontainers.image.ref.name": tag } };
  });
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}

export async function writeBlob(directory: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(directory, "blobs", "sha256"), { recursive: true });
  await writeFile(blobPath(directory, sha256Digest(bytes)), bytes);
}

export function blobPath(directory: string, digest: `sha256:${string}`): string {
  return join(directory, "blobs", "sha256", digest.slice("sha256:".length));
}
