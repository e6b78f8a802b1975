import { digestOf, mediaTypes, type Digest } from "@bootlayer/image-spec";
import { describe, expect, test } from "vitest";
import { fetchManifest, parseReference, pushManifest, type PushedManifest } from "../src/index.ts";
import { connect, small } from "./loopback.ts";
import { serveUploads, type UploadServerOptions } from "./upload-server.ts";

const { signal } = new AbortController();
const subject = digestOf(Buffer.from("a subject"));
const tagged = `manifests/sha256-${subject.slice("sha256:".length)}`;

function manifestOf(members: object) {
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...members }),
  );
  return { bytes, digest: digestOf(bytes), mediaType: mediaTypes.ociManifest };
}

const plain = manifestOf({ config: { mediaType: "application/x.config" } });
const signature = manifestOf({
  artifactType: "application/x.signature",
  config: { mediaType: "application/x.config" },
  subject: { digest: subject },
  annotations: { by: "me" },
});

function signatureBy(algorithm: "sha256" | "sha512"): PushedManifest {
  return { ...signature, digest: digestOf(signature.bytes, algorithm) };
}

async function serve(options: UploadServerOptions = {}) {
  const registry = await serveUploads(options);
  const { client } = connect({ retry: { attempts: 2 } });
  const push = (manifest: PushedManifest, name: { tag?: string; digest?: Digest } = {}, further = {}) =>
    pushManifest(client, { ...parseReference(`${registry.host}/test`), ...name }, manifest, {
      signal,
      ...further,
    });
  const listed = () =>
    JSON.parse(registry.stored.get(tagged)?.toString() ?? "null") as { manifests: object[] } | null;
  return { registry, push, listed };
}

test("a manifest is put under a tag, or under its digest, as its bytes are", async () => {
  const { registry, push } = await serve();
  await push(plain, { tag: "1.0" });
  await push(plain, { digest: plain.digest });
  expect(registry.stored.get("manifests/1.0")?.equals(plain.bytes)).toBe(true);
  expect(registry.stored.get(`manifests/${plain.digest}`)?.equals(plain.bytes)).toBe(true);
  expect(registry.requests.map(({ headers }) => headers["content-type"])).toEqual([
    mediaTypes.ociManifest,
    mediaTypes.ociManifest,
  ]);
});

test.each([
  ["bytes of another digest", { ...plain, digest: signature.digest }, {}, "BLOB_DIGEST"],
  ["another digest's name", plain, { digest: signature.digest }, "REGISTRY_OPTIONS"],
  ["a media type that is none", { ...plain, mediaType: "text/x\r\nx: y" }, {}, "REGISTRY_OPTIONS"],
  ["more than 4 MiB", manifestOf({ x: "x".repeat(2 ** 22) }), {}, "DOCUMENT_TOO_LARGE"],
])("%s: nothing is sent", async (_, manifest, name, code) => {
  const { registry, push } = await serve();
  await expect(push(manifest, name)).rejects.toMatchObject({ code });
  expect(registry.requests).toEqual([]);
});

test("a registry that took something else for it is REGISTRY_PROTOCOL", async () => {
  const { push } = await serve({
    fault: () => ({ status: 201, headers: { "docker-content-digest": subject } }),
  });
  await expect(push(plain)).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

describe("a manifest with a sha512 digest", () => {
  const long = {
    bytes: small.manifest,
    digest: digestOf(small.manifest, "sha512"),
    mediaType: small.manifestDescriptor.mediaType,
  };

  test("keeps it under a tag, where the registry knows such digests: who pulls the tag finds it", async () => {
    const { registry, push } = await serve({ digestOfTag: "kept" });
    await push(long, { tag: "1.0" });
    expect(registry.seen()).toEqual([`PUT manifests/1.0?digest=${long.digest}`]);
    const { client } = connect();
    for (const name of [":1.0", `@${long.digest}`])
      expect(
        await fetchManifest(client, parseReference(`${registry.host}/test${name}`), signal),
      ).toMatchObject({
        descriptor: { digest: long.digest, size: small.manifest.length },
      });
  });

  test("is put under the digest alone as any other", async () => {
    const { registry, push } = await serve();
    await push(long, { digest: long.digest });
    expect(registry.seen()).toEqual([`PUT manifests/${long.digest}`]);
  });

  test("with a subject is listed by it where the registry lists none, and left to one that does", async () => {
    const referring = signatureBy("sha512");
    const alone = await serve({ digestOfTag: "kept" });
    await alone.push(referring, { tag: "signature" });
    expect(alone.listed()?.manifests).toMatchObject([{ digest: referring.digest }]);
    const listing = await serve({ digestOfTag: "kept", listsReferrers: true });
    await listing.push(referring, { tag: "signature" });
    expect(listing.listed()).toBeNull();
  });

  test.each([
    ["says so", "ignored"],
    ["does not say so", "silent"],
  ] as const)(
    "under a tag of a registry that keeps it by sha256 and %s is an error",
    async (_, digestOfTag) => {
      const { push, listed } = await serve({ digestOfTag });
      await expect(push(signatureBy("sha512"), { tag: "1.0" })).rejects.toMatchObject({
        code: "REGISTRY_PROTOCOL",
        message: expect.stringContaining("sha512:"),
        hint: expect.stringContaining("push under the digest alone"),
      });
      expect(listed()).toBeNull();
    },
  );
});

describe("a manifest with a subject", () => {
  test("is left to a registry that lists referrers itself", async () => {
    const { push, listed } = await serve({ listsReferrers: true });
    await push(signature, { digest: signature.digest });
    expect(listed()).toBeNull();
  });

  test("is listed under the referrers tag otherwise, once", async () => {
    const { push, listed } = await serve();
    await push(signature, { digest: signature.digest });
    await push(signature, { digest: signature.digest });
    expect(listed()).toEqual({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: signature.digest,
          size: signature.bytes.length,
          artifactType: "application/x.signature",
          annotations: { by: "me" },
        },
      ],
    });
  });

  test("is of the type of its config if it says no other", async () => {
    const { push, listed } = await serve();
    await push(plain, {}, { subject });
    expect(listed()?.manifests).toMatchObject([
      { digest: plain.digest, artifactType: "application/x.config" },
    ]);
  });

  test("keeps what others have listed, whatever they have written", async () => {
    const { registry, push, listed } = await serve();
    const other = { digest: plain.digest, mediaType: "x/y", size: 1, unknown: true };
    const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [other], extra: 1 };
    registry.stored.set(tagged, Buffer.from(JSON.stringify(list)));
    await push(signature);
    expect(listed()).toMatchObject({ extra: 1, manifests: [other, { digest: signature.digest }] });
  });

  test("loses no other that is pushed at the same time", async () => {
    const { push, listed } = await serve();
    const many = [1, 2, 3, 4, 5].map((number) => manifestOf({ subject: { digest: subject }, number }));
    await Promise.all(many.map((manifest) => push(manifest, { digest: manifest.digest })));
    expect(listed()?.manifests).toHaveLength(5);
  });

  test("is added once more when another client was faster", async () => {
    const { push, listed } = await serve({
      fault: ({ path, method, attempt }) =>
        path === tagged && method === "PUT" && attempt === 2 ? { status: 412 } : undefined,
    });
    await push(signature);
    expect(listed()?.manifests).toHaveLength(1);
  });

  test("is an error where the tag has something else", async () => {
    const { registry, push } = await serve();
    registry.stored.set(tagged, plain.bytes);
    await expect(push(signature)).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
    expect(registry.stored.get(tagged)?.equals(plain.bytes)).toBe(true);
  });
});
