import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { blobsOf, manifestsOf, topDescriptor, type FixtureImage, type FixtureIndex } from "./image.ts";

/** Writes an OCI image layout (image-spec image-layout.md) in which each key is an `org.opencontainers.image.ref.name`. */
export async function writeLayout(
  directory: string,
  images: Readonly<Record<string, FixtureImage | FixtureIndex>>,
): Promise<void> {
  const blobs = join(directory, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  for (const content of Object.values(images))
    for (const { descriptor, bytes } of [...manifestsOf(content), ...blobsOf(content)])
      await writeFile(join(blobs, descriptor.digest.slice("sha256:".length)), bytes);
  const manifests = Object.entries(images).map(([tag, content]) => {
    const { mediaType, digest, size } = topDescriptor(content);
    return { mediaType, digest, size, annotations: { "org.opencontainers.image.ref.name": tag } };
  });
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
}
