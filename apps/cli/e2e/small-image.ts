import {
  image,
  layerBlob,
  tarArchive,
  type FixtureImage,
  type LayerCompression,
} from "@bootlayer/test-fixtures";

/** Two layers with what a small image has; the upper one hides a file of the lower one. */
export function smallImage(compression: LayerCompression = "gzip"): FixtureImage {
  const base = tarArchive([
    { name: "etc/", type: "directory", mode: 0o755 },
    { name: "etc/hostname", content: "base\n" },
    { name: "etc/shadow", content: "secret\n", mode: 0o600 },
    { name: "bin/", type: "directory" },
    { name: "bin/true", content: Buffer.alloc(100_000, "true"), mode: 0o4755 },
    { name: "bin/sh", type: "symlink", linkTarget: "true" },
  ]);
  const upper = tarArchive([
    { name: "etc/.wh.shadow", content: "" },
    { name: "etc/hostname", content: "upper\n", uid: 1000, gid: 1000 },
  ]);
  return image([layerBlob(base, compression), layerBlob(upper, compression)], {
    config: { Cmd: ["/bin/true"], Env: ["A=1"] },
  });
}
