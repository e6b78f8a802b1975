import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verifiedBytes } from "@bootlayer/image-spec";
import {
  image,
  imageIndex,
  requireJudge,
  startDockerRegistry,
  writeLayout,
  type DockerRegistry,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { fetchBlob, parseReference, resolveImage } from "../src/index.ts";
import { amd64, collect, connect, credentialsOf, layer, small } from "./loopback.ts";

const judge = requireJudge("docker-registry", "skopeo");
const { signal } = new AbortController();
const arm64 = image([layer], { architecture: "arm64" });
const multi = imageIndex([
  { image: small, platform: { os: "linux", architecture: "amd64" } },
  { image: arm64, platform: { os: "linux", architecture: "arm64" } },
]);

describe.skipIf(judge.skip)(`Debian's docker-registry, filled by skopeo${judge.reason}`, () => {
  describe.each([{ auth: false }, { auth: true }])("with htpasswd: $auth", ({ auth }) => {
    let registry: DockerRegistry;
    let layout: string;
    beforeAll(async () => {
      layout = await mkdtemp(join(tmpdir(), "bootlayer-layout-"));
      await writeLayout(layout, { multi });
      registry = await startDockerRegistry({ auth });
      await registry.push(layout, "multi", "team/image:1.0");
    });
    afterAll(async () => {
      await registry.close();
      await rm(layout, { recursive: true });
    });

    const client = () => connect({ credentials: async () => credentialsOf(registry) }).client;
    const reference = () => parseReference(`${registry.host}/team/image:1.0`);

    test("an image is resolved for each platform, and its layers come whole", async () => {
      const connected = client();
      for (const [architecture, expected] of [
        ["amd64", small],
        ["arm64", arm64],
      ] as const) {
        const found = await resolveImage(connected, reference(), { os: "linux", architecture }, signal);
        expect(found.descriptor.digest).toBe(expected.manifestDescriptor.digest);
        expect(found.indexDescriptor?.digest).toBe(multi.indexDescriptor.digest);
        for (const [index, descriptor] of found.manifest.layers.entries()) {
          const bytes = await verifiedBytes(
            fetchBlob(connected, reference(), descriptor, { signal }),
            descriptor,
          );
          expect(expected.layers[index]?.bytes.equals(bytes)).toBe(true);
        }
      }
    });

    test("an image is found by its digest", async () => {
      const named = {
        ...reference(),
        digest: (await resolveImage(client(), reference(), amd64, signal)).descriptor.digest,
      };
      const found = await resolveImage(client(), named, amd64, signal);
      expect(found.indexDescriptor).toBeUndefined();
      expect(found.descriptor.digest).toBe(small.manifestDescriptor.digest);
    });

    test("a blob is taken up in the middle", async () => {
      const found = await resolveImage(client(), reference(), { os: "linux", architecture: "arm64" }, signal);
      const [descriptor] = found.manifest.layers;
      if (!descriptor) throw new Error("the image has a layer");
      const rest = await collect(fetchBlob(client(), reference(), descriptor, { offset: 100_000, signal }));
      expect(rest.equals(layer.bytes.subarray(100_000))).toBe(true);
    });

    test("a tag and a repository that are not there are REGISTRY_NOT_FOUND with the registry's own code", async () => {
      for (const [name, code] of [
        ["team/image:none", "MANIFEST_UNKNOWN"],
        ["nobody/nothing", /NAME_UNKNOWN|MANIFEST_UNKNOWN/],
      ] as const)
        await expect(
          resolveImage(client(), parseReference(`${registry.host}/${name}`), amd64, signal),
        ).rejects.toMatchObject({ code: "REGISTRY_NOT_FOUND", message: expect.stringMatching(code) });
    });
  });

  test("with htpasswd: without the password, or with a wrong one, it is REGISTRY_UNAUTHORIZED", async () => {
    const registry = await startDockerRegistry({ auth: true });
    onTestFinished(() => registry.close());
    const wrong = { kind: "password", username: registry.account?.user ?? "", password: "wrong" } as const;
    for (const credentials of [wrong, undefined]) {
      const { client } = connect({ credentials: async () => credentials });
      await expect(
        resolveImage(client, parseReference(`${registry.host}/any`), amd64, signal),
      ).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED", status: 401 });
    }
  });
});
