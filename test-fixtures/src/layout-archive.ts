import { sha256Digest } from "./descriptor.ts";
import { blobsOf, manifestsOf, topDescriptor, type FixtureImage, type FixtureIndex } from "./image.ts";
import type { TarEntry } from "./tar-archive.ts";

/** The entries of a tar of an OCI image layout in which each key is an `org.opencontainers.image.ref.name`. */
export function layoutEntries(images: Readonly<Record<string, FixtureImage | FixtureIndex>>): TarEntry[] {
  const blobs = new Map<string, Buffer>();
  for (const content of Object.values(images))
    for (const { bytes } of [...blobsOf(content), ...manifestsOf(content)])
      blobs.set(sha256Digest(bytes).slice("sha256:".length), bytes);
  const manifests = Object.entries(images).map(([tag, content]) => ({
    ...topDescriptor(content),
    annotations: { "org.opencontainers.image.ref.name": tag },
  }));
  return [
    { name: "blobs/", type: "directory" },
    { name: "blobs/sha256/", type: "directory" },
    ...[...blobs].map(([hex, content]) => ({ name: `blobs/sha256/${hex}`, content })),
    { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
    { name: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
  ];
}
