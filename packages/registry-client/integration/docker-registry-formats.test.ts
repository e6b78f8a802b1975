import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mediaTypes, verifiedBytes } from "@bootlayer/image-spec";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  startDockerRegistry,
  tarArchive,
  writeLayout,
  type DockerRegistry,
  type LayerCompression,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchBlob, fetchManifest, parseReference, resolveImage } from "../src/index.ts";
import { connect, content } from "./loopback.ts";

const judge = requireJudge("docker-registry", "skopeo");
const { signal } = new AbortController();
const compressions: readonly LayerCompression[] = ["none", "gzip", "zstd"];

function imageOf(compression: LayerCompression, architecture = "amd64") {
  const archives = [
    tarArchive([{ name: "base", content }]),
    tarArchive([{ name: "top", content: `for ${architecture}\n` }]),
  ];
  return image(
    archives.map((archive) => layerBlob(archive, compression)),
    { architecture },
  );
}

const images = {
  none: imageOf("none"),
  gzip: imageOf("gzip"),
  zstd: imageOf("zstd"),
  multi: imageIndex(
    ["amd64", "arm64"].map((architecture) => ({
      image: imageOf("gzip", architecture),
      platform: { os: "linux", architecture },
    })),
  ),
};

describe.skipIf(judge.skip)(`images that skopeo pushed to Debian's docker-registry${judge.reason}`, () => {
  let registry: DockerRegistry;
  let layout: string;
  beforeAll(async () => {
    layout = await mkdtemp(join(tmpdir(), "bootlayer-formats-"));
    await writeLayout(layout, images);
    registry = await startDockerRegistry();
  });
  afterAll(async () => {
    await registry.close();
    await rm(layout, { recursive: true });
  });

  /** Pushes, resolves and reads every layer; the bytes are checked on the way. */
  async function pulled(tag: keyof typeof images, architecture: string, format?: "docker") {
    const name = `formats/${tag}-${format ?? "oci"}:1`;
    await registry.push(layout, tag, name, format === undefined ? {} : { format });
    const reference = parseReference(`${registry.host}/${name}`);
    const { client } = connect();
    const found = await resolveImage(client, reference, { os: "linux", architecture }, signal);
    for (const layer of found.manifest.layers)
      await verifiedBytes(fetchBlob(client, reference, layer, { signal }), layer);
    return { found, top: await fetchManifest(client, reference, signal) };
  }

  test.each(compressions)("in OCI's format, layers as %s, are as they were", async (compression) => {
    const { found } = await pulled(compression, "amd64");
    expect(found.descriptor).toMatchObject(images[compression].manifestDescriptor);
    expect(found.manifest.layers).toMatchObject(
      images[compression].layers.map(({ descriptor }) => descriptor),
    );
  });

  test("in Docker's format have Docker's media types and the layers' own diff IDs", async () => {
    const { found, top } = await pulled("gzip", "amd64", "docker");
    expect(top.descriptor.mediaType).toBe(mediaTypes.dockerManifest);
    expect(found.manifest.config.mediaType).toBe("application/vnd.docker.container.image.v1+json");
    expect(found.config.rootfs.diff_ids).toEqual(images.gzip.layers.map(({ diffId }) => diffId));
  });

  test.each([undefined, "docker"] as const)(
    "for several platforms, format %s, are found for each",
    async (format) => {
      for (const architecture of ["amd64", "arm64"]) {
        const { found, top } = await pulled("multi", architecture, format);
        expect(top.document.kind).toBe("index");
        expect(top.descriptor.mediaType).toBe(
          format === "docker" ? mediaTypes.dockerManifestList : mediaTypes.ociIndex,
        );
        expect(found.config.architecture).toBe(architecture);
      }
    },
  );
});
