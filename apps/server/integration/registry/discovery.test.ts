import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { expect } from "vitest";
import { artifact, manifestDigest, pushSmall, small, strange, testRules, type Rule } from "./rules.ts";
import type { ServedRegistry } from "./serve-registry.ts";

async function tags(registry: ServedRegistry, query = ""): Promise<unknown> {
  return (await registry.ask("GET", `test/tags/list${query}`)).json();
}

const rules: readonly Rule[] = [
  {
    section: "Listing Tags",
    words:
      "Upon success, the response MUST be a json body in the following format [...] the list of tags MUST be in lexical order (i.e. case-insensitive alphanumeric order) or ASCIIbetical order",
    what: "lists them in the order of their bytes",
    async expectIt(registry) {
      await pushSmall(registry, "b");
      for (const tag of ["B", "a.1", "a-1", "_", "10", "9"]) await registry.put("test", tag, small.manifest);
      expect(await tags(registry)).toEqual({ name: "test", tags: ["10", "9", "B", "_", "a-1", "a.1", "b"] });
    },
  },
  {
    section: "Listing Tags",
    words:
      "When using the `n` query parameter, the registry MUST NOT return more than that; the response MUST NOT include the tag named by `last`. If there are more, a `Link` header SHOULD be included",
    what: "pages so, and needs no tag that `last` names to be there",
    async expectIt(registry) {
      await pushSmall(registry, "a");
      for (const tag of ["b", "c", "d"]) await registry.put("test", tag, small.manifest);
      const pages: unknown[] = [];
      let next: string | undefined = "test/tags/list?n=2";
      while (next !== undefined) {
        const answer: Response = await registry.ask("GET", next);
        pages.push(((await answer.json()) as { tags: string[] }).tags);
        next = /^<\/v2\/(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
      }
      expect(pages).toEqual([
        ["a", "b"],
        ["c", "d"],
      ]);
      expect(await tags(registry, "?last=aa&n=1")).toEqual({ name: "test", tags: ["b"] });
      expect(await tags(registry, "?last=d")).toEqual({ name: "test", tags: [] });
    },
  },
  {
    section: "Listing Tags",
    words: "When `n` is zero, this endpoint MUST return an empty list, and MUST NOT include a `Link` header.",
    what: "does",
    async expectIt(registry) {
      await pushSmall(registry, "a");
      const answer = await registry.ask("GET", "test/tags/list?n=0");
      expect([await answer.json(), answer.headers.get("link")]).toEqual([{ name: "test", tags: [] }, null]);
    },
  },
  {
    section: "Listing Referrers",
    words:
      "Upon success, the response MUST be a JSON body with an image index containing a list of descriptors. [...] If the query results in no matching referrers, an empty manifest list MUST be returned.",
    what: "lists what refers to a manifest, known or not, with types and annotations",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      const empty = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };
      for (const subject of [manifestDigest, strange]) {
        const answer = await registry.ask("GET", `test/referrers/${subject}`);
        expect([answer.status, answer.headers.get("content-type")]).toEqual([200, mediaTypes.ociIndex]);
        expect(await answer.json()).toEqual(empty);
      }
      const typed = artifact({ artifactType: "application/vnd.example.a", annotations: { key: "value" } });
      await registry.put("test", digestOf(typed), typed);
      const listed = await registry.ask("GET", `test/referrers/${manifestDigest}`);
      expect(await listed.json()).toEqual({
        ...empty,
        manifests: [
          {
            mediaType: mediaTypes.ociManifest,
            digest: digestOf(typed),
            size: typed.length,
            artifactType: "application/vnd.example.a",
            annotations: { key: "value" },
          },
        ],
      });
    },
  },
  {
    section: "Listing Referrers",
    words:
      "If filtering is requested and applied, the response MUST include a header `OCI-Filters-Applied: artifactType` denoting that an `artifactType` filter was applied.",
    what: "filters, and says so; what has no type has its config's",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      const [typed, plain] = [artifact({ artifactType: "application/vnd.example.a" }), artifact()];
      for (const bytes of [typed, plain]) await registry.put("test", digestOf(bytes), bytes);
      for (const [type, bytes] of [
        ["application/vnd.example.a", typed],
        [mediaTypes.ociConfig, plain],
      ] as const) {
        const query = new URLSearchParams({ artifactType: type });
        const answer = await registry.ask("GET", `test/referrers/${manifestDigest}?${query.toString()}`);
        expect(answer.headers.get("oci-filters-applied")).toBe("artifactType");
        const { manifests } = (await answer.json()) as { manifests: { digest: string }[] };
        expect(manifests.map(({ digest }) => digest)).toEqual([digestOf(bytes)]);
      }
    },
  },
  {
    section: "Listing Referrers",
    words:
      "If the list of referrers is too long to return in a single response, the response SHOULD be paginated using the `Link` header",
    what: "keeps each page below the length of a document",
    async expectIt(registry) {
      await pushSmall(registry, "1");
      const all = ["a", "b", "c", "d"].map((name) =>
        artifact({ annotations: { name, long: "x".repeat(2 ** 20) } }),
      );
      for (const bytes of all) await registry.put("test", digestOf(bytes), bytes);
      const found: string[] = [];
      let pages = 0;
      let next: string | undefined = `test/referrers/${manifestDigest}`;
      while (next !== undefined) {
        const answer: Response = await registry.ask("GET", next);
        const text = await answer.text();
        expect(text.length).toBeLessThan(4 * 2 ** 20);
        found.push(
          ...(JSON.parse(text) as { manifests: { digest: string }[] }).manifests.map(({ digest }) => digest),
        );
        next = /^<\/v2\/(.+)>; rel="next"$/.exec(answer.headers.get("link") ?? "")?.[1];
        pages++;
      }
      expect(pages).toBe(2);
      expect(found).toEqual(all.map((bytes) => digestOf(bytes)).toSorted());
    },
  },
];

testRules("Content Discovery", rules);
