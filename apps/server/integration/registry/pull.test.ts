import { mediaTypes } from "@bootlayer/image-spec";
import { expect } from "vitest";
import {
  blob,
  blobDigest,
  manifestDigest,
  pushSmall,
  small,
  strange,
  testRules,
  type Rule,
} from "./rules.ts";
import { codesOf } from "./serve-registry.ts";

const rules: readonly Rule[] = [
  {
    section: "Determining Support",
    words: "If the response is `200 OK`, then the registry implements this specification.",
    what: "answers so at end-1, with a slash and without",
    async expectIt(registry) {
      for (const path of ["/v2/", "/v2"]) {
        const answer = await fetch(`http://${registry.host}${path}`);
        expect([answer.status, await answer.text()]).toEqual([200, "{}"]);
      }
    },
  },
  {
    section: "Pulling manifests",
    words:
      "A GET request to an existing manifest URL MUST provide the expected manifest, with a response code that MUST be `200 OK`.",
    what: "gives the very bytes by tag and by digest, with their media type",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      for (const reference of ["1", manifestDigest]) {
        const answer = await registry.ask("GET", `test/manifests/${reference}`);
        expect(answer.status).toBe(200);
        expect(answer.headers.get("content-type")).toBe(mediaTypes.ociManifest);
        expect(answer.headers.get("docker-content-digest")).toBe(manifestDigest);
        expect(Buffer.from(await answer.arrayBuffer()).equals(small.manifest)).toBe(true);
      }
    },
  },
  {
    section: "Pulling manifests",
    words:
      "The client SHOULD include an `Accept` header indicating which manifest content types it supports.",
    what: "does not give a type to who cannot read it, and any to who does not say",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      const ask = (accept: string) => registry.ask("GET", "test/manifests/1", { headers: { accept } });
      const refused = await ask(`${mediaTypes.dockerManifest}, ${mediaTypes.ociIndex}`);
      expect([refused.status, await codesOf(refused)]).toEqual([404, ["MANIFEST_UNKNOWN"]]);
      for (const accept of ["*/*", `text/plain, ${mediaTypes.ociManifest};q=0.5`, "application/*"])
        expect((await ask(accept)).status).toBe(200);
    },
  },
  {
    section: "Pulling manifests",
    words: "If the manifest is not found in the repository, the response code MUST be `404 Not Found`.",
    what: "answers so for tags, digests, texts that are neither, and other repositories",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      for (const path of [
        `test/manifests/2`,
        `test/manifests/${strange}`,
        "test/manifests/.a",
        `other/manifests/${manifestDigest}`,
      ]) {
        const answer = await registry.ask("GET", path);
        expect([answer.status, await codesOf(answer)]).toEqual([404, ["MANIFEST_UNKNOWN"]]);
      }
    },
  },
  {
    section: "Pulling blobs",
    words:
      "A GET request to an existing blob URL MUST provide the expected blob, with a response code that MUST be `200 OK`.",
    what: "gives its bytes, as no page of a browser",
    async expectIt(registry) {
      await registry.upload("test", blob);
      const answer = await registry.ask("GET", `test/blobs/${blobDigest}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-length")).toBe(String(blob.length));
      expect(answer.headers.get("content-type")).toBe("application/octet-stream");
      expect(answer.headers.get("docker-content-digest")).toBe(blobDigest);
      expect(Buffer.from(await answer.arrayBuffer()).equals(blob)).toBe(true);
    },
  },
  {
    section: "Pulling blobs",
    words: "If the blob is not found in the repository, the response code MUST be `404 Not Found`.",
    what: "answers so, also where another repository has it",
    async expectIt(registry) {
      await registry.upload("other", blob);
      const answer = await registry.ask("GET", `test/blobs/${blobDigest}`);
      expect([answer.status, await codesOf(answer)]).toEqual([404, ["BLOB_UNKNOWN"]]);
    },
  },
  {
    section: "Pulling blobs",
    words: "A registry SHOULD support the `Range` request header in accordance with RFC 9110.",
    what: "gives the part, refuses one beyond the end, and takes what is no range for none",
    async expectIt(registry) {
      await registry.upload("test", blob);
      const ask = (range: string) => registry.ask("GET", `test/blobs/${blobDigest}`, { headers: { range } });
      const { length } = blob;
      for (const [range, start, end] of [
        ["bytes=0-0", 0, 1],
        ["bytes=10-19", 10, 20],
        ["bytes=10-", 10, length],
        ["bytes=-7", length - 7, length],
        ["bytes=5-999999", 5, length],
      ] as const) {
        const answer = await ask(range);
        expect(answer.status).toBe(206);
        expect(answer.headers.get("content-range")).toBe(`bytes ${start}-${end - 1}/${length}`);
        expect(Buffer.from(await answer.arrayBuffer()).equals(blob.subarray(start, end))).toBe(true);
      }
      const beyond = await ask(`bytes=${length}-`);
      expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${length}`]);
      for (const range of ["bytes=a-b", "lines=1-2", "bytes=9-3"])
        expect((await ask(range)).status).toBe(200);
    },
  },
  {
    section: "Checking if content exists in the registry",
    words:
      "A HEAD request to an existing blob or manifest URL MUST return `200 OK`. A successful response SHOULD contain the size in bytes of the uploaded blob in the header `Content-Length`.",
    what: "does, without a body",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      for (const [path, length] of [
        [`test/blobs/${blobDigest}`, blob.length],
        ["test/manifests/1", small.manifest.length],
        [`test/manifests/${manifestDigest}`, small.manifest.length],
      ] as const) {
        const answer = await registry.ask("HEAD", path);
        expect([answer.status, answer.headers.get("content-length")]).toEqual([200, String(length)]);
      }
    },
  },
  {
    section: "Checking if content exists in the registry",
    words: "If the blob or manifest is not found in the registry, the response code MUST be `404 Not Found`.",
    what: "answers so, without a body",
    async expectIt(registry) {
      for (const path of [`test/blobs/${strange}`, "test/manifests/1", `test/manifests/${strange}`]) {
        const answer = await registry.ask("HEAD", path);
        expect([answer.status, await answer.text()]).toEqual([404, ""]);
      }
    },
  },
  {
    section: "Backwards Compatibility: Conditional requests",
    words: "(RFC 9110, 13.1.2) a recipient MUST ignore the selected representation if the tag matches",
    what: "answers 304 to who has it",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      for (const [path, digest] of [
        [`test/blobs/${blobDigest}`, blobDigest],
        ["test/manifests/1", manifestDigest],
      ] as const) {
        const answer = await registry.ask("GET", path, { headers: { "if-none-match": `"${digest}"` } });
        expect([answer.status, await answer.text()]).toEqual([304, ""]);
      }
    },
  },
];

testRules("Pull", rules);
