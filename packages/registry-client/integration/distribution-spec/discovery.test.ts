import { mediaTypes } from "@bootlayer/image-spec";
import { expect } from "vitest";
import { listReferrers, listTags } from "../../src/index.ts";
import { small } from "../loopback.ts";
import {
  digest,
  listed,
  referrersTag,
  registryThat,
  signal,
  signature,
  subject,
  testRules,
  type Answer,
  type Rule,
  type ToldRegistry,
} from "./rules.ts";

function indexOf(...manifests: readonly object[]): Answer {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  return { status: 200, headers: { "content-type": mediaTypes.ociIndex }, body };
}

async function tagsOf(registry: ToldRegistry): Promise<string[]> {
  return Array.fromAsync(listTags(registry.client, registry.reference, signal));
}

const discovery: readonly Rule[] = [
  {
    section: "Listing Tags",
    words:
      "When available, clients should prefer the `Link` header over using the `last` parameter for pagination.",
    what: "follows it until there is none, however many tags a page has",
    async expectIt() {
      const registry = await registryThat(({ path }) =>
        path.includes("last=b")
          ? { status: 200, body: JSON.stringify({ name: "test", tags: ["c"] }) }
          : {
              status: 200,
              headers: { link: '</v2/test/tags/list?n=2&last=b>; rel="next"' },
              body: JSON.stringify({ name: "test", tags: ["a", "b"] }),
            },
      );
      expect(await tagsOf(registry)).toEqual(["a", "b", "c"]);
      expect(registry.asked()).toHaveLength(2);
    },
  },
  {
    section: "Listing Tags",
    words: "The list of tags MAY be empty if there are no tags on the repository.",
    what: "takes an empty list, and Go's null for one",
    async expectIt() {
      for (const body of ['{"name":"test","tags":[]}', '{"name":"test","tags":null}'])
        expect(await tagsOf(await registryThat(() => ({ status: 200, body })))).toEqual([]);
    },
  },
  {
    section: "Listing Referrers",
    words:
      "If filtering is requested and applied, the response MUST include a header `OCI-Filters-Applied: artifactType` denoting that an `artifactType` filter was applied.",
    what: "filters by itself, unless the registry says that it did",
    async expectIt() {
      const wanted = { ...listed, artifactType: "application/vnd.example.signature" };
      const other = { ...subject, artifactType: "application/vnd.example.sbom" };
      for (const [headers, expected] of [
        [{}, [wanted]],
        [{ "oci-filters-applied": "artifactType" }, [wanted, other]],
      ] as const) {
        const { client, reference } = await registryThat(() => {
          const answer = indexOf(wanted, other);
          return { ...answer, headers: { ...answer.headers, ...headers } };
        });
        const found = await listReferrers(
          client,
          { ...reference, digest },
          { artifactType: wanted.artifactType, signal },
        );
        expect(found.map(({ digest }) => digest)).toEqual(expected.map(({ digest }) => digest));
      }
    },
  },
  {
    section: "Listing Referrers",
    words:
      "A `Link` header MUST be included in the response when the descriptor list cannot be returned in a single manifest.",
    what: "reads all pages",
    async expectIt() {
      const { client, reference } = await registryThat(({ path }) => {
        if (path.includes("page=2")) return indexOf(subject);
        const answer = indexOf(listed);
        const link = `</v2/test/referrers/${digest}?page=2>; rel="next"`;
        return { ...answer, headers: { ...answer.headers, link } };
      });
      expect(await listReferrers(client, { ...reference, digest }, { signal })).toHaveLength(2);
    },
  },
  {
    section: "Listing Referrers",
    words:
      "If the referrers API returns a 404, the client MUST fallback to pulling the referrers tag schema.",
    what: "asks for the tag",
    async expectIt() {
      const { client, reference, asked } = await registryThat(({ path }) =>
        path.includes("/referrers/") ? { status: 404 } : indexOf(listed),
      );
      const found = await listReferrers(client, { ...reference, digest }, { signal });
      expect(found.map(({ digest }) => digest)).toEqual([signature.digest]);
      expect(asked()).toEqual([`GET referrers/${digest}`, `GET manifests/${referrersTag}`]);
    },
  },
  {
    section: "Listing Referrers",
    words:
      "If the response to the referrers API is a 404, and the tag schema does not return a valid image index, the client SHOULD assume there are no referrers to the manifest.",
    what: "finds none",
    async expectIt() {
      for (const answer of [{ status: 404 }, { status: 200, body: small.manifest }]) {
        const { client, reference } = await registryThat(({ path }) =>
          path.includes("/referrers/") ? { status: 404 } : answer,
        );
        expect(await listReferrers(client, { ...reference, digest }, { signal })).toEqual([]);
      }
    },
  },
];

testRules("Content Discovery", discovery);
