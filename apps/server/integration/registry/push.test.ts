import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { imageIndex } from "@bootlayer/test-fixtures";
import { expect } from "vitest";
import {
  artifact,
  blob,
  blobDigest,
  manifestDigest,
  pushSmall,
  small,
  strange,
  testRules,
  type Rule,
} from "./rules.ts";
import { codesOf, type ServedRegistry } from "./serve-registry.ts";

/** Begins an upload; answers with its path below /v2/. */
async function begin(registry: ServedRegistry, query = ""): Promise<string> {
  const answer = await registry.ask("POST", `test/blobs/uploads/${query}`);
  expect(answer.status).toBe(202);
  return (answer.headers.get("location") ?? "").replace("/v2/", "");
}

async function patch(
  registry: ServedRegistry,
  location: string,
  bytes: Uint8Array,
  range?: string,
): Promise<Response> {
  const headers = range === undefined ? {} : { "content-range": range };
  return registry.ask("PATCH", location, { body: Buffer.from(bytes), headers });
}

async function expectBlob(registry: ServedRegistry): Promise<void> {
  const answer = await registry.ask("GET", `test/blobs/${blobDigest}`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(blob)).toBe(true);
}

/** The manifest of `small`, which blanks make longer. */
function padded(length: number): Buffer {
  const bytes = Buffer.alloc(length, " ");
  small.manifest.copy(bytes);
  return bytes;
}

const [half, rest] = [blob.subarray(0, 100), blob.subarray(100)];

const rules: readonly Rule[] = [
  {
    section: "POST then PUT",
    words:
      "If the POST request is successful, the response code MUST be `202 Accepted`, and it MUST have the following header: `Location`",
    what: "begins an upload, to which the closing PUT brings all",
    async expectIt(registry) {
      const location = await begin(registry);
      const answer = await registry.ask("PUT", `${location}?digest=${blobDigest}`, { body: blob });
      expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/test/blobs/${blobDigest}`]);
      expect(answer.headers.get("docker-content-digest")).toBe(blobDigest);
      await expectBlob(registry);
    },
  },
  {
    section: "Single POST",
    words:
      "Registries MAY support pushing blobs using a single POST request. [...] Successful completion of the request MUST return a `201 Created`",
    what: "takes all of it at once",
    async expectIt(registry) {
      const answer = await registry.ask("POST", `test/blobs/uploads/?digest=${blobDigest}`, { body: blob });
      expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/test/blobs/${blobDigest}`]);
      await expectBlob(registry);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words:
      "Each successful chunk upload MUST have a `202 Accepted` response code, and MUST have the following headers: `Location`, `Range: 0-<end-of-range>`",
    what: "takes chunks one after another, the last one with the closing PUT or before it",
    async expectIt(registry) {
      for (const isLastInPut of [false, true]) {
        const location = await begin(registry);
        const first = await patch(registry, location, half, "0-99");
        expect([first.status, first.headers.get("range")]).toEqual([202, "0-99"]);
        expect(first.headers.get("location")).toBe(`/v2/${location}`);
        const range = `100-${blob.length - 1}`;
        if (!isLastInPut) expect((await patch(registry, location, rest, range)).status).toBe(202);
        const end = isLastInPut ? { body: rest, headers: { "content-range": range } } : {};
        expect((await registry.ask("PUT", `${location}?digest=${blobDigest}`, end)).status).toBe(201);
        await expectBlob(registry);
      }
    },
  },
  {
    section: "Pushing a blob in chunks",
    words:
      "Chunks MUST be uploaded in order, with the first byte of a chunk being the last chunk's `<end-of-range>` plus one. If a chunk is uploaded out of order, the registry MUST respond with a `416 Requested Range Not Satisfiable` code.",
    what: "does, and says where it stands",
    async expectIt(registry) {
      const location = await begin(registry);
      expect((await patch(registry, location, rest, `100-${blob.length - 1}`)).status).toBe(416);
      await patch(registry, location, half, "0-99");
      for (const range of ["0-99", "50-149", "101-200"]) {
        const answer = await patch(registry, location, half, range);
        expect([answer.status, answer.headers.get("range")]).toEqual([416, "0-99"]);
        expect(await codesOf(answer)).toEqual(["BLOB_UPLOAD_INVALID"]);
      }
      expect((await patch(registry, location, rest, `100-${blob.length - 1}`)).status).toBe(202);
      expect((await registry.ask("PUT", `${location}?digest=${blobDigest}`)).status).toBe(201);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words: "(Docker's clients) a stream in one PATCH without Content-Range",
    what: "adds it to what has come",
    async expectIt(registry) {
      const location = await begin(registry);
      await patch(registry, location, half);
      expect((await patch(registry, location, rest)).headers.get("range")).toBe(`0-${blob.length - 1}`);
      expect((await registry.ask("PUT", `${location}?digest=${blobDigest}`)).status).toBe(201);
      await expectBlob(registry);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words:
      "To get the current status after a 416 error, issue a `GET` request to a URL `<location>`. [...] The response code MUST be `204 No Content`",
    what: "says how much has come",
    async expectIt(registry) {
      const location = await begin(registry);
      await patch(registry, location, half, "0-99");
      const answer = await registry.ask("GET", location);
      expect([answer.status, answer.headers.get("range"), answer.headers.get("location")]).toEqual([
        204,
        "0-99",
        `/v2/${location}`,
      ]);
    },
  },
  {
    section: "Pushing a blob in chunks",
    words: "(end-5) 404 for an upload that is unknown",
    what: "answers so for one that is finished, cancelled, another repository's or made up",
    async expectIt(registry) {
      const finished = await begin(registry);
      await registry.ask("PUT", `${finished}?digest=${blobDigest}`, { body: blob });
      const cancelled = await begin(registry);
      expect((await registry.ask("DELETE", cancelled)).status).toBe(204);
      const running = await begin(registry);
      for (const path of [
        finished,
        cancelled,
        running.replace("test/", "other/"),
        "test/blobs/uploads/..%2f..%2fx",
      ])
        for (const method of ["GET", "PATCH", "DELETE"]) {
          const answer = await registry.ask(method, path, method === "PATCH" ? { body: "x" } : {});
          expect([answer.status, await codesOf(answer)]).toEqual([404, ["BLOB_UPLOAD_UNKNOWN"]]);
        }
    },
  },
  {
    section: "Mounting a blob from another repository",
    words:
      "The response to a successful mount MUST be `201 Created`, and MUST contain the following header: `Location: <blob-location>`",
    what: "mounts it",
    async expectIt(registry) {
      await registry.upload("other", blob);
      const answer = await registry.ask("POST", `test/blobs/uploads/?mount=${blobDigest}&from=other`);
      expect([answer.status, answer.headers.get("location")]).toEqual([201, `/v2/test/blobs/${blobDigest}`]);
      await expectBlob(registry);
    },
  },
  {
    section: "Mounting a blob from another repository",
    words:
      "if a registry does not support cross-repository mounting or is unable to mount the requested blob, it SHOULD return a `202`. This indicates that the upload session has begun",
    what: "begins an upload where the other has no such blob, is no repository or is not named",
    async expectIt(registry) {
      for (const query of [
        `?mount=${blobDigest}&from=other`,
        `?mount=${blobDigest}&from=..`,
        `?mount=${blobDigest}`,
        "?mount=x&from=other",
      ])
        expect(await begin(registry, query)).toMatch(/^test\/blobs\/uploads\/[0-9a-f-]{36}$/);
    },
  },
  {
    section: "Pushing Manifests",
    words:
      "Upon a successful upload, the registry MUST return response code `201 Created`, and MUST have the following header: `Location: <location>`. The `<location>` is a pullable manifest URL.",
    what: "does, by tag and by digest",
    async expectIt(registry) {
      for (const reference of ["1.0_x-Y", manifestDigest, digestOf(small.manifest, "sha512")]) {
        const answer = await pushSmall(registry, reference);
        expect(answer.status).toBe(201);
        const location = answer.headers.get("location")?.replace("/v2/", "") ?? "";
        expect((await registry.ask("GET", location)).status).toBe(200);
      }
    },
  },
  {
    section: "Pushing Manifests",
    words:
      "An attempt to pull a nonexistent repository MUST return response code `404 Not Found`. A registry SHOULD enforce some limit on the maximum manifest size that it can accept. [...] SHOULD return a response code `413 Payload Too Large`",
    what: "takes 4 MiB and not a byte more, said or not",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      expect((await registry.put("test", "2", padded(4 * 2 ** 20))).status).toBe(201);
      const tooLong = padded(4 * 2 ** 20 + 1);
      expect((await registry.put("test", "2", tooLong)).status).toBe(413);
      const stream = new Blob([tooLong]).stream();
      const unsaid = { body: stream, duplex: "half", headers: { "content-type": mediaTypes.ociManifest } };
      expect((await registry.ask("PUT", "test/manifests/2", unsaid as RequestInit)).status).toBe(413);
    },
  },
  {
    section: "Pushing Manifests",
    words:
      "If a manifest includes a `mediaType` field, clients MUST set the `Content-Type` header to the value specified by the `mediaType` field.",
    what: "refuses another one, takes a parameter, and believes the manifest where none is sent",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      for (const type of [mediaTypes.dockerManifest, mediaTypes.ociIndex, "application/json"]) {
        const answer = await registry.put("test", "2", small.manifest, type);
        expect([answer.status, await codesOf(answer)]).toEqual([400, ["MANIFEST_INVALID"]]);
      }
      expect(
        (await registry.put("test", "2", small.manifest, `${mediaTypes.ociManifest}; charset=utf-8`)).status,
      ).toBe(201);
    },
  },
  {
    section: "Pushing Manifests",
    words: "(code-5) manifest references a manifest or blob unknown to registry",
    what: "refuses a manifest before its blobs, and an index before its manifests, and names them",
    async expectIt(registry) {
      const index = imageIndex([{ image: small }]);
      for (const [bytes, type, lacking] of [
        [small.manifest, mediaTypes.ociManifest, blobDigest],
        [index.index, mediaTypes.ociIndex, manifestDigest],
      ] as const) {
        const answer = await registry.put("test", "1", bytes, type);
        expect(answer.status).toBe(400);
        const { errors } = (await answer.json()) as { errors: { code: string; detail: unknown }[] };
        expect(errors[0]?.code).toBe("MANIFEST_BLOB_UNKNOWN");
        expect(errors[0]?.detail).toContainEqual({ digest: lacking });
      }
      await pushSmall(registry, manifestDigest);
      expect((await registry.put("test", "1", index.index, mediaTypes.ociIndex)).status).toBe(201);
    },
  },
  {
    section: "Pushing Manifests with Subject",
    words:
      "When processing a request for an image manifest with the `subject` field, a registry implementation that supports the referrers API MUST respond with the response header `OCI-Subject: <subject digest>`",
    what: "does, whether the subject is there or not",
    async expectIt(registry) {
      await registry.upload("test", small.config);
      const answer = await registry.put("test", digestOf(artifact()), artifact());
      expect([answer.status, answer.headers.get("oci-subject")]).toEqual([201, manifestDigest]);
    },
  },
  {
    section: "Content Management",
    words: "(end-9, end-10) 202 for what is deleted",
    what: "deletes a tag alone, a manifest with its tags, and a blob, and then knows them no more",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      await registry.put("test", "2", small.manifest);
      const expectGone = async (path: string, others: readonly string[] = []) => {
        expect((await registry.ask("DELETE", path)).status).toBe(202);
        for (const gone of [path, ...others]) expect((await registry.ask("GET", gone)).status).toBe(404);
        expect((await registry.ask("DELETE", path)).status).toBe(404);
      };
      await expectGone("test/manifests/1");
      expect((await registry.ask("GET", `test/manifests/${manifestDigest}`)).status).toBe(200);
      await expectGone(`test/manifests/${manifestDigest}`, ["test/manifests/2"]);
      await expectGone(`test/blobs/${blobDigest}`);
      expect((await registry.ask("DELETE", `test/blobs/${strange}`)).status).toBe(404);
    },
  },
  {
    section: "Error Codes",
    words:
      'A `4XX` response code from the registry MAY return a body in any format. If the response body is in JSON format, it MUST have the following format: { "errors": [ { "code": ..., "message": ..., "detail": ... } ] }',
    what: "says what is wrong in those words",
    async expectIt(registry) {
      const answers = await Promise.all([
        registry.ask("GET", "UPPER/manifests/1"),
        registry.ask("GET", "test/blobs/sha256:short"),
        registry.ask("PUT", "test/manifests/-no", { body: small.manifest }),
        registry.ask("PUT", "test/manifests/sha256:short", { body: small.manifest }),
        registry.ask("PUT", "test/tags/list"),
        registry.ask("GET", "nowhere"),
        registry.ask("GET", "test/tags/list?n=-1"),
        registry.ask("GET", "test/tags/list"),
      ]);
      expect(
        await Promise.all(answers.map(async (answer) => [answer.status, ...(await codesOf(answer))])),
      ).toEqual([
        [400, "NAME_INVALID"],
        [400, "DIGEST_INVALID"],
        [400, "MANIFEST_INVALID"],
        [400, "DIGEST_INVALID"],
        [405, "UNSUPPORTED"],
        [404, "UNSUPPORTED"],
        [400, "UNSUPPORTED"],
        [404, "NAME_UNKNOWN"],
      ]);
    },
  },
];

testRules("Push", rules);
