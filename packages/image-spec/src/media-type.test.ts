import { expect, test } from "vitest";
import { isManifestMediaType, layerCompression, mediaTypes } from "./index.ts";

test.each([
  ["application/vnd.oci.image.layer.v1.tar", "none"],
  ["application/vnd.oci.image.layer.v1.tar+gzip", "gzip"],
  ["application/vnd.oci.image.layer.v1.tar+zstd", "zstd"],
  ["application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar", "none"],
  ["application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"],
  ["application/vnd.docker.image.rootfs.diff.tar.zstd", "zstd"],
  ["application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"],
])("layer %s is wrapped in %s", (mediaType, compression) => {
  expect(layerCompression(mediaType)).toBe(compression);
});

test.each([
  "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
  "application/vnd.oci.image.layer.v1.tar+lz4",
  "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
  "constructor",
  "",
])("a layer of media type %j is MEDIA_TYPE_UNSUPPORTED, and named", (mediaType) => {
  expect(() => layerCompression(mediaType)).toThrow(
    expect.objectContaining({
      code: "MEDIA_TYPE_UNSUPPORTED",
      message: expect.stringContaining(JSON.stringify(mediaType)),
    }),
  );
});

test("manifests and indexes, of OCI and of Docker, are manifests to a registry; configs and layers are not", () => {
  const { ociManifest, ociIndex, dockerManifest, dockerManifestList, ...blobs } = mediaTypes;
  for (const type of [ociManifest, ociIndex, dockerManifest, dockerManifestList])
    expect(isManifestMediaType(type)).toBe(true);
  for (const type of Object.values(blobs)) expect(isManifestMediaType(type)).toBe(false);
});
