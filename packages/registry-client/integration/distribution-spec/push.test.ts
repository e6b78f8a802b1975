import { mediaTypes } from "@bootlayer/image-spec";
import type { RegistryRequest } from "@bootlayer/test-fixtures";
import { expect } from "vitest";
import { pushBlob, pushManifest } from "../../src/index.ts";
import { layer, small } from "../loopback.ts";
import {
  blob,
  digest,
  referrersTag,
  registryThat,
  signal,
  signature,
  testRules,
  type Answer,
  type Rule,
  type ToldRegistry,
} from "./rules.ts";

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield layer.bytes;
}

const uploadPath = "/v2/test/blobs/uploads/1?state=a%2Fb";

/** Registry answers of an upload that goes well, where nothing else is told. */
function takesUploads(
  answer: (request: RegistryRequest) => Answer | undefined = () => undefined,
): Promise<ToldRegistry> {
  return registryThat((request) => {
    const told = answer(request);
    if (told) return told;
    const { method } = request;
    if (method === "HEAD") return { status: 404 };
    if (method === "POST") return { status: 202, headers: { location: uploadPath } };
    if (method === "PATCH") return { status: 202, headers: { location: uploadPath } };
    return method === "PUT" ? { status: 201, headers: { location: "/v2/test/blobs/x" } } : undefined;
  });
}

const push: readonly Rule[] = [
  {
    section: "Checking if content exists in the registry",
    words: "A HEAD request to an existing blob or manifest URL MUST return `200 OK`.",
    what: "does not send a blob that is there",
    async expectIt() {
      const { client, reference, asked } = await registryThat();
      expect(await pushBlob(client, reference, blob, bytes, { signal })).toBe("present");
      expect(asked()).toEqual([`HEAD blobs/${blob.digest}`]);
    },
  },
  {
    section: "POST then PUT",
    words:
      "It SHOULD NOT be assembled manually by clients except where absolute/relative conversion is necessary.",
    what: "goes where it is told, relative or absolute, and keeps the query",
    async expectIt() {
      for (const isAbsolute of [false, true]) {
        const { client, reference, requests } = await takesUploads(({ method, headers }) => {
          const location = `${isAbsolute ? `http://${headers.host}` : ""}${uploadPath}`;
          return method === "POST" ? { status: 202, headers: { location } } : undefined;
        });
        expect(await pushBlob(client, reference, blob, bytes, { signal })).toBe("uploaded");
        expect(requests.at(-1)).toMatchObject({
          method: "PUT",
          path: `${uploadPath}&digest=${encodeURIComponent(blob.digest)}`,
          headers: { "content-length": String(blob.size) },
        });
      }
    },
  },
  {
    section: "Pushing a blob in chunks",
    words:
      "The `<range>` refers to the byte range of the chunk, and MUST be inclusive on both ends. The first chunk's range MUST begin with `0`.",
    what: "sends chunks one after another, so numbered",
    async expectIt() {
      const { client, reference, requests } = await takesUploads();
      await pushBlob(client, reference, blob, bytes, { signal, chunkBytes: 100_000 });
      const last = blob.size - 1;
      expect(
        requests
          .filter(({ method }) => method === "PATCH")
          .map(({ headers }) => [headers["content-range"], headers["content-length"]]),
      ).toEqual([
        ["0-99999", "100000"],
        ["100000-199999", "100000"],
        [`200000-${last}`, String(blob.size - 200_000)],
      ]);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words:
      "If the registry provides an `OCI-Chunk-Min-Length` header in the `POST` response, the size of each chunk, except for the final chunk, SHOULD be greater or equal to that value.",
    what: "makes its chunks that large",
    async expectIt() {
      const headers = { location: "/v2/test/blobs/uploads/1", "oci-chunk-min-length": "150000" };
      const { client, reference, requests } = await takesUploads(({ method }) =>
        method === "POST" ? { status: 202, headers } : undefined,
      );
      await pushBlob(client, reference, blob, bytes, { signal, chunkBytes: 1000 });
      expect(
        requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["content-range"]),
      ).toEqual(["0-149999", `150000-${blob.size - 1}`]);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words: "To get the current status after a 416 error, issue a `GET` request to a URL `<location>`.",
    what: "asks so after a chunk whose answer was lost, and goes on behind what has arrived",
    async expectIt() {
      let broken = 0;
      const { client, reference, asked, requests } = await takesUploads(({ method, headers }) => {
        if (method === "GET")
          return {
            status: 204,
            headers: { location: "/v2/test/blobs/uploads/1?state=b", range: "0-99999" },
          };
        if (method === "PATCH" && headers["content-range"] === "100000-199999" && broken++ === 0)
          return { status: 503 };
        return undefined;
      });
      await pushBlob(client, reference, blob, bytes, { signal, chunkBytes: 100_000 });
      expect(asked().filter((line) => line.startsWith("GET"))).toEqual(["GET blobs/uploads/1?state=a%2Fb"]);
      expect(requests.filter(({ method }) => method === "PATCH").at(2)).toMatchObject({
        path: "/v2/test/blobs/uploads/1?state=b",
        headers: { "content-range": "100000-199999" },
      });
    },
  },
  {
    section: "Mounting a blob from another repository",
    words:
      "This indicates that the upload session has begun and that the client MAY proceed with the upload.",
    what: "proceeds with that upload, without a second POST",
    async expectIt() {
      const { client, reference, asked } = await takesUploads();
      const how = await pushBlob(client, reference, blob, bytes, { signal, mountFrom: ["other"] });
      expect(how).toBe("uploaded");
      expect(asked().map((line) => line.split(" ")[0])).toEqual(["HEAD", "POST", "PUT"]);
      expect(asked()[1]).toBe(`POST blobs/uploads/?mount=${encodeURIComponent(blob.digest)}&from=other`);
    },
  },
  {
    section: "Pushing Manifests",
    words:
      "If a manifest includes a `mediaType` field, clients MUST set the `Content-Type` header to the value specified by the `mediaType` field.",
    what: "sets it, without parameters",
    async expectIt() {
      const { client, reference, requests } = await takesUploads();
      const manifest = { bytes: small.manifest, digest, mediaType: mediaTypes.ociManifest };
      await pushManifest(client, reference, manifest, { signal });
      expect(requests[0]).toMatchObject({
        method: "PUT",
        path: "/v2/test/manifests/latest",
        headers: { "content-type": mediaTypes.ociManifest },
      });
    },
  },
  {
    section: "Pushing Manifests with Subject",
    words:
      "[...] MUST respond with the response header `OCI-Subject: <subject digest>` to indicate to the client that the registry processed the request's `subject`.",
    what: "leaves the list to a registry that says so",
    async expectIt() {
      const { client, reference, asked } = await takesUploads(({ method }) =>
        method === "PUT" ? { status: 201, headers: { "oci-subject": digest } } : undefined,
      );
      await pushManifest(client, { ...reference, digest: signature.digest }, signature, { signal });
      expect(asked()).toEqual([`PUT manifests/${signature.digest}`]);
    },
  },
  {
    section: "Pushing Manifests with Subject",
    words: "If the tag returns a 404, the client MUST begin with an empty image index.",
    what: "makes the list under the referrers tag, where OCI-Subject was not set",
    async expectIt() {
      const { client, reference, asked } = await takesUploads();
      await pushManifest(client, { ...reference, digest: signature.digest }, signature, { signal });
      expect(asked()).toEqual([
        `PUT manifests/${signature.digest}`,
        `GET manifests/${referrersTag}`,
        `PUT manifests/${referrersTag}`,
      ]);
    },
  },
  {
    section: "Pushing Manifests with Subject",
    words:
      "If that pull returns a manifest other than the expected image index, the client SHOULD report a failure and skip the remaining steps.",
    what: "fails, and leaves the tag as it is",
    async expectIt() {
      const { client, reference, asked } = await takesUploads(({ method }) =>
        method === "GET" ? { status: 200, body: small.manifest } : undefined,
      );
      const push = pushManifest(client, { ...reference, digest: signature.digest }, signature, { signal });
      await expect(push).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
      expect(asked().filter((line) => line.startsWith("PUT"))).toEqual([`PUT manifests/${signature.digest}`]);
    },
  },
];

testRules("Push", push);
