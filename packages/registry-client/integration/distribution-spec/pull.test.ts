import { mediaTypes, parseDigest, verifiedBytes } from "@bootlayer/image-spec";
import { expect } from "vitest";
import { fetchBlob, fetchManifest } from "../../src/index.ts";
import { layer, small } from "../loopback.ts";
import { blob, digest, registryBehind, registryThat, signal, testRules, type Rule } from "./rules.ts";

const pull: readonly Rule[] = [
  {
    section: "Pulling manifests",
    words:
      "The client SHOULD include an `Accept` header indicating which manifest content types it supports.",
    what: "names manifests and indexes of OCI and of Docker",
    async expectIt() {
      const { client, reference, requests } = await registryThat();
      await fetchManifest(client, reference, signal);
      const { ociManifest, ociIndex, dockerManifest, dockerManifestList } = mediaTypes;
      for (const type of [ociManifest, ociIndex, dockerManifest, dockerManifestList])
        expect(requests[0]?.headers.accept).toContain(type);
    },
  },
  {
    section: "Pulling manifests",
    words: "The client SHOULD ignore parameters on the `Content-Type` header.",
    what: "reads the media type before them",
    async expectIt() {
      const headers = { "content-type": `${mediaTypes.ociManifest}; charset=utf-8` };
      const { client, reference } = await registryThat(() => ({
        status: 200,
        headers,
        body: small.manifest,
      }));
      const { descriptor } = await fetchManifest(client, reference, signal);
      expect(descriptor.mediaType).toBe(mediaTypes.ociManifest);
    },
  },
  {
    section: "Pulling manifests",
    words:
      "If the manifest has a `mediaType` field, clients SHOULD reject unless the `mediaType` field's value matches the type specified by the `Content-Type` header.",
    what: "refuses it",
    async expectIt() {
      const headers = { "content-type": mediaTypes.ociIndex };
      const { client, reference } = await registryThat(() => ({
        status: 200,
        headers,
        body: small.manifest,
      }));
      await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject({
        code: "DOCUMENT_UNSUPPORTED",
      });
    },
  },
  {
    section: "Pulling manifests",
    words:
      "Most clients MAY ignore the value, but if it is used, the client MUST verify the value matches the returned manifest.",
    what: "uses it, and refuses a manifest of another digest",
    async expectIt() {
      const { client, reference } = await registryBehind(() => ({ kind: "wrong-digest" }));
      await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    },
  },
  {
    section: "Pulling manifests",
    words:
      "If the `<reference>` part of a manifest request is a digest, clients SHOULD verify the returned manifest matches this digest.",
    what: "refuses other bytes",
    async expectIt() {
      const { client, reference } = await registryBehind(() => ({ kind: "corrupt", atByte: 9 }));
      await expect(fetchManifest(client, { ...reference, digest }, signal)).rejects.toMatchObject({
        code: "BLOB_DIGEST",
      });
    },
  },
  {
    section: "Pulling manifests",
    words: "If the manifest is not found in the repository, the response code MUST be `404 Not Found`.",
    what: "says that it is not there, after one request",
    async expectIt() {
      const { client, reference, requests } = await registryThat();
      const missing = { ...reference, tag: "missing" };
      await expect(fetchManifest(client, missing, signal)).rejects.toMatchObject({
        code: "REGISTRY_NOT_FOUND",
      });
      expect(requests).toHaveLength(1);
    },
  },
  {
    section: "Pulling blobs",
    words: "Clients SHOULD verify that the response body matches the requested digest.",
    what: "refuses one that does not, where the bytes go",
    async expectIt() {
      const wanted = small.layers[0]?.descriptor;
      if (!wanted) throw new Error("the image has a layer");
      const named = { digest: parseDigest(wanted.digest), size: wanted.size };
      const { client, reference } = await registryBehind(() => ({ kind: "corrupt", atByte: 100_000 }));
      await expect(
        verifiedBytes(fetchBlob(client, reference, named, { signal }), named),
      ).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    },
  },
  {
    section: "Pulling blobs",
    words: "A registry SHOULD support the `Range` request header in accordance with RFC 9110.",
    what: "takes up what broke with a range, and does without where it is not supported",
    async expectIt() {
      for (const second of [undefined, { kind: "ignore-range" } as const]) {
        const { client, reference, proxy } = await registryBehind(({ attempt }) =>
          attempt === 1 ? { kind: "truncate", afterBytes: 90_000, contentLength: "of-whole" } : second,
        );
        const chunks = fetchBlob(client, reference, blob, { signal });
        expect(layer.bytes.equals(await verifiedBytes(chunks, blob))).toBe(true);
        expect(proxy.requests.map(({ headers }) => headers.range)).toHaveLength(2);
      }
    },
  },
  {
    section: "Legacy Docker support HTTP headers",
    words: "These headers are OPTIONAL and clients SHOULD NOT depend on them.",
    what: "needs no Docker-Content-Digest and no Docker-Distribution-API-Version",
    async expectIt() {
      const { client, reference } = await registryThat(() => ({ status: 200, body: small.manifest }));
      expect((await fetchManifest(client, reference, signal)).descriptor).toEqual(small.manifestDescriptor);
    },
  },
];

testRules("Pull", pull);
