import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { describe, expect, test } from "vitest";
import { listReferrers, listTags, parseReference } from "../src/index.ts";
import { connect } from "./loopback.ts";
import { serveUploads, type UploadRequest } from "./upload-server.ts";

const { signal } = new AbortController();

interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body: unknown;
}

/** A registry that answers each path with a document; 404 for others. */
async function serve(answer: (path: string, request: UploadRequest) => Answer | undefined) {
  const registry = await serveUploads({
    fault(request) {
      const { status = 200, headers = {}, body } = answer(request.path, request) ?? { status: 404, body: {} };
      return { status, headers, body: typeof body === "string" ? body : JSON.stringify(body) };
    },
  });
  const { client } = connect({ retry: { attempts: 2 } });
  return { registry, client, reference: parseReference(`${registry.host}/test`) };
}

async function tags(answer: (path: string, request: UploadRequest) => Answer | undefined) {
  const { client, reference, registry } = await serve(answer);
  const found: string[] = [];
  let error: unknown;
  try {
    for await (const tag of listTags(client, reference, signal)) found.push(tag);
  } catch (cause) {
    error = cause;
  }
  return { found, error, paths: registry.requests.map(({ path }) => path) };
}

const link = (target: string) => ({ link: `<${target}>; rel="next"` });

describe("tags", () => {
  test("come from all pages, wherever relative or absolute links lead", async () => {
    const { found, error, paths } = await tags((path, { headers }) => {
      if (path === "tags/list?n=1000")
        return { body: { tags: ["a", "b"] }, headers: { link: '</v2/test/tags/list?last=b>; rel="next"' } };
      if (path === "tags/list?last=b")
        return {
          body: { tags: ["c"] },
          headers: { link: `<http://${headers.host}/v2/test/tags/list?last=c&n=2>; rel=next` },
        };
      return path === "tags/list?last=c&n=2" ? { body: { tags: ["d"] } } : undefined;
    });
    expect(error).toBeUndefined();
    expect(found).toEqual(["a", "b", "c", "d"]);
    expect(paths).toHaveLength(3);
  });

  test("are none where the registry says null", async () => {
    expect(await tags(() => ({ body: { name: "test", tags: null } }))).toMatchObject({
      found: [],
      error: undefined,
    });
  });

  test("of a repository that is not there are REGISTRY_NOT_FOUND", async () => {
    expect(await tags(() => undefined)).toMatchObject({ error: { code: "REGISTRY_NOT_FOUND" } });
  });

  test("go on after an answer that is to be repeated", async () => {
    const { found } = await tags((_, { attempt }) =>
      attempt === 1 ? { status: 503, body: "" } : { body: { tags: ["a"] } },
    );
    expect(found).toEqual(["a"]);
  });

  test.each<[string, Answer, string]>([
    [
      "lead back to themselves",
      { body: { tags: [] }, headers: link("/v2/test/tags/list?n=1000") },
      "REGISTRY_PROTOCOL",
    ],
    [
      "lead to another host",
      { body: { tags: [] }, headers: link("http://127.0.0.1:1/x") },
      "REGISTRY_PROTOCOL",
    ],
    ["are no JSON", { body: "<html>" }, "REGISTRY_PROTOCOL"],
    ["are no list", { body: { tags: "all" } }, "REGISTRY_PROTOCOL"],
    ["are no tags", { body: { tags: ["\u001b[2J"] } }, "REGISTRY_PROTOCOL"],
    ["are over 4 MiB on a page", { body: { tags: ["x".repeat(2 ** 22)] } }, "REGISTRY_RESPONSE_TOO_LARGE"],
  ])("that %s are a typed error", async (_, answer, code) => {
    expect(await tags(() => answer)).toMatchObject({ error: { code } });
  });

  test("that go round in a circle end with REGISTRY_PROTOCOL", async () => {
    const { error, found } = await tags((path) => {
      const at = Number(/at=(\d)/.exec(path)?.[1] ?? 0);
      return { body: { tags: [`t${at}`] }, headers: link(`/v2/test/tags/list?at=${(at % 3) + 1}`) };
    });
    expect(error).toMatchObject({ code: "REGISTRY_PROTOCOL" });
    expect(found).toEqual(["t0", "t1", "t2", "t3"]);
  });
});

const referrer = (name: string, artifactType = "application/x.a") => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(Buffer.from(name)),
  size: name.length,
  artifactType,
});

const index = (...manifests: readonly object[]) => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests,
});

describe("referrers", () => {
  const digest = digestOf(Buffer.from("subject"));
  const [one, two, three] = [referrer("1"), referrer("2", "application/x.b"), referrer("3")];
  const tagPath = `manifests/sha256-${digest.slice("sha256:".length)}`;

  async function referrers(answer: (path: string) => Answer | undefined, artifactType?: string) {
    const { client, reference, registry } = await serve(answer);
    const type = artifactType === undefined ? {} : { artifactType };
    const outcome = listReferrers(client, { ...reference, digest }, { signal, ...type });
    await Promise.allSettled([outcome]);
    return { outcome, paths: registry.requests.map(({ path }) => path) };
  }

  test("come from all pages of the API, each once", async () => {
    const { outcome } = await referrers((path) =>
      path === `referrers/${digest}`
        ? { body: index(one, two), headers: { link: `</v2/test/referrers/${digest}?page=2>; rel="next"` } }
        : { body: index(two, three) },
    );
    expect(await outcome).toEqual([one, two, three]);
  });

  test.each([
    ["the registry, where it says so", { "oci-filters-applied": "annotations, artifactType" }, [one, two]],
    ["us otherwise", {}, [two]],
  ] as const)("are filtered by %s", async (_, headers, expected) => {
    const { outcome, paths } = await referrers(() => ({ body: index(one, two), headers }), "application/x.b");
    expect(await outcome).toEqual(expected);
    expect(paths).toEqual([`referrers/${digest}?artifactType=application%2Fx.b`]);
  });

  test("come from the referrers tag where there is no API, filtered by us", async () => {
    const { outcome, paths } = await referrers(
      (path) => (path === tagPath ? { body: index(one, two, three) } : undefined),
      "application/x.a",
    );
    expect(await outcome).toEqual([one, three]);
    expect(paths).toHaveLength(2);
  });

  test.each([
    ["there is no such tag either", undefined],
    ["the tag has something else", { body: { schemaVersion: 2, mediaType: mediaTypes.ociManifest } }],
  ])("are none where %s", async (_, tagged) => {
    const { outcome } = await referrers((path) => (path === tagPath ? tagged : undefined));
    expect(await outcome).toEqual([]);
  });

  test("of a registry in trouble are an error, not none", async () => {
    const { outcome } = await referrers(() => ({ status: 500, body: "" }));
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE" });
  });
});
