import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, parseDigest, verifiedBytes, type Descriptor } from "@bootlayer/image-spec";
import {
  judgePath,
  requireJudge,
  startDockerRegistry,
  type DockerRegistry,
  type FixtureImage,
} from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchBlob, listReferrers, listTags, parseReference, pushBlob, pushManifest } from "../src/index.ts";
import { collect, connect, credentialsOf, layer, small } from "./loopback.ts";

const judge = requireJudge("docker-registry", "skopeo");
const { signal } = new AbortController();

function bytesOf(bytes: Uint8Array) {
  return async function* open(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
  };
}

function described({ digest, size }: { digest: string; size: number }): Pick<Descriptor, "digest" | "size"> {
  return { digest: parseDigest(digest), size };
}

describe.skipIf(judge.skip)(`Debian's docker-registry takes${judge.reason}`, () => {
  describe.each([{ auth: false }, { auth: true }])("with htpasswd: $auth", ({ auth }) => {
    let registry: DockerRegistry;
    beforeAll(async () => {
      registry = await startDockerRegistry({ auth });
    });
    afterAll(() => registry.close());

    const client = () => connect({ credentials: async () => credentialsOf(registry) });

    async function pushImage(name: string, pushed: FixtureImage): Promise<void> {
      const reference = parseReference(`${registry.host}/${name}`);
      const connected = client().client;
      for (const [descriptor, bytes] of [
        [pushed.configDescriptor, pushed.config] as const,
        ...pushed.layers.map((layer) => [layer.descriptor, layer.bytes] as const),
      ])
        await pushBlob(connected, reference, described(descriptor), bytesOf(bytes), { signal });
      const { digest, mediaType } = pushed.manifestDescriptor;
      const manifest = { bytes: pushed.manifest, digest: parseDigest(digest), mediaType };
      await pushManifest(connected, reference, manifest, { signal });
    }

    test("an image that skopeo then reads as it was", async () => {
      await pushImage("team/pushed:1", small);
      const directory = await mkdtemp(join(tmpdir(), "bootlayer-pushed-"));
      try {
        const account = registry.account;
        const login = account ? ["--src-creds", `${account.user}:${account.password}`] : [];
        const source = `docker://${registry.host}/team/pushed:1`;
        const options = [
          "--insecure-policy",
          "copy",
          "--preserve-digests",
          "--src-tls-verify=false",
          ...login,
        ];
        await execa("skopeo", [...options, source, `dir:${directory}`], { env: { PATH: judgePath() } });
        expect((await readFile(join(directory, "manifest.json"))).equals(small.manifest)).toBe(true);
        for (const { descriptor, bytes } of small.layers)
          expect((await readFile(join(directory, descriptor.digest.slice(7)))).equals(bytes)).toBe(true);
      } finally {
        await rm(directory, { recursive: true });
      }
    });

    test("a blob once: then it is present there, and mounted elsewhere", async () => {
      const { client: connected } = client();
      const descriptor = described(layer.descriptor);
      const push = (name: string, mountFrom: readonly string[] = []) =>
        pushBlob(connected, parseReference(`${registry.host}/${name}`), descriptor, bytesOf(layer.bytes), {
          signal,
          mountFrom,
        });
      expect(await push("a/one")).toBe("uploaded");
      expect(await push("a/one")).toBe("present");
      expect(await push("a/two", ["a/none", "a/one"])).toBe("mounted");
      expect(await push("a/three", ["a/none"])).toBe("uploaded");
    });

    test("a blob in chunks", async () => {
      const { client: connected, events } = client();
      const descriptor = described(layer.descriptor);
      const reference = parseReference(`${registry.host}/chunked`);
      const options = { signal, chunkBytes: 70_000 };
      expect(await pushBlob(connected, reference, descriptor, bytesOf(layer.bytes), options)).toBe(
        "uploaded",
      );
      const bytes = await verifiedBytes(fetchBlob(connected, reference, descriptor, { signal }), descriptor);
      expect(layer.bytes.equals(bytes)).toBe(true);
      expect(events).toContainEqual({
        kind: "blob-upload-bytes",
        digest: descriptor.digest,
        bytes: descriptor.size,
        totalBytes: descriptor.size,
      });
    });

    test("an empty blob", async () => {
      const { client: connected } = client();
      const descriptor = described({ digest: `sha256:${emptySha256}`, size: 0 });
      const reference = parseReference(`${registry.host}/empty`);
      expect(await pushBlob(connected, reference, descriptor, bytesOf(Buffer.alloc(0)), { signal })).toBe(
        "uploaded",
      );
      expect(await collect(fetchBlob(connected, reference, descriptor, { signal }))).toHaveLength(0);
    });

    test("tags, and lists them", async () => {
      for (const tag of ["b", "a", "c"]) await pushImage(`tagged:${tag}`, small);
      const tags: string[] = [];
      for await (const tag of listTags(client().client, parseReference(`${registry.host}/tagged`), signal))
        tags.push(tag);
      expect(tags.toSorted()).toEqual(["a", "b", "c"]);
    });

    test("no manifest by sha512: under a tag it keeps it by sha256, which is an error; by digest it refuses it", async () => {
      const { client: connected } = client();
      await pushImage("long:1", small);
      const { mediaType } = small.manifestDescriptor;
      const manifest = { bytes: small.manifest, digest: digestOf(small.manifest, "sha512"), mediaType };
      const name = `${registry.host}/long`;
      await expect(
        pushManifest(connected, parseReference(`${name}:2`), manifest, { signal }),
      ).rejects.toMatchObject({
        code: "REGISTRY_PROTOCOL",
        message: expect.stringContaining(`keeps it as ${small.manifestDescriptor.digest}`),
      });
      await expect(
        pushManifest(connected, parseReference(`${name}@${manifest.digest}`), manifest, { signal }),
      ).rejects.toMatchObject({ code: "REGISTRY_REJECTED", status: 400 });
    });

    test("what refers to a manifest, listed under the referrers tag since it has no API for it", async () => {
      const { client: connected } = client();
      const name = `${registry.host}/referred`;
      await pushImage("referred:1", small);
      const subject = {
        ...described(small.manifestDescriptor),
        mediaType: small.manifestDescriptor.mediaType,
      };
      for (const kind of ["signature", "sbom"]) {
        const manifest = referrer(kind, subject);
        await pushManifest(connected, parseReference(`${name}@${manifest.digest}`), manifest, { signal });
      }
      const reference = { ...parseReference(name), digest: subject.digest };
      const found = await listReferrers(connected, reference, { signal });
      expect(found.map(({ artifactType }) => artifactType)).toEqual([
        "application/x.signature",
        "application/x.sbom",
      ]);
      const [only] = await listReferrers(connected, reference, {
        artifactType: "application/x.sbom",
        signal,
      });
      expect(only).toMatchObject({ digest: found[1]?.digest, annotations: { kind: "sbom" } });
    });
  });
});

const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

function referrer(kind: string, subject: Descriptor) {
  const document = {
    ...(JSON.parse(small.manifest.toString()) as object),
    artifactType: `application/x.${kind}`,
    subject,
    annotations: { kind },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, digest: digestOf(bytes), mediaType: "application/vnd.oci.image.manifest.v1+json" };
}
