import { digestOf, maxDocumentBytes, mediaTypes } from "@bootlayer/image-spec";
import { image, imageIndex, layerBlob, tarArchive } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { fetchManifest, parseReference, resolveImage } from "../src/index.ts";
import { amd64, connect, layer, serve, small } from "./loopback.ts";

const { signal } = new AbortController();

/** What fetching a manifest gives when the registry answers so. */
async function fetchAnswer(
  status: number,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
) {
  const registry = await serve({ fault: () => ({ kind: "status", status, headers, body }) });
  const { client, events, pauses } = connect();
  const outcome = fetchManifest(client, parseReference(`${registry.host}/test`), signal);
  await Promise.allSettled([outcome]);
  return { outcome, events, pauses, registry };
}

describe("a manifest", () => {
  test("comes with its bytes and the digest and media type of these", async () => {
    const registry = await serve();
    const { client } = connect();
    const fetched = await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(fetched.descriptor).toEqual(small.manifestDescriptor);
    expect(Buffer.from(fetched.bytes).equals(small.manifest)).toBe(true);
    expect(fetched.document.kind).toBe("manifest");
    expect(registry.requests[0]?.headers.accept).toContain(mediaTypes.dockerManifestList);
  });

  test("is asked for by its digest, if the reference has one, not by the tag beside it", async () => {
    const registry = await serve();
    const { client } = connect();
    const { digest } = small.manifestDescriptor;
    await fetchManifest(client, parseReference(`${registry.host}/test:none@${digest}`), signal);
    expect(registry.requests[0]?.path).toBe(`/v2/test/manifests/${digest}`);
  });

  test("with a digest of sha512, as the registry announces it, is checked by that", async () => {
    const digest = digestOf(small.manifest, "sha512");
    const { outcome } = await fetchAnswer(200, small.manifest, { "docker-content-digest": digest });
    expect((await outcome).descriptor.digest).toBe(digest);
  });

  test("without a media type, its own or announced, has the one of its shape", async () => {
    const { mediaType: _, ...members } = JSON.parse(small.manifest.toString());
    const { outcome } = await fetchAnswer(200, JSON.stringify(members));
    expect((await outcome).descriptor.mediaType).toBe(mediaTypes.ociManifest);
  });

  test("is tried again after a broken connection", async () => {
    const registry = await serve({
      fault: ({ attempt }) => (attempt === 1 ? { kind: "drop", afterBytes: 10 } : undefined),
    });
    const { client, pauses } = connect();
    await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(pauses).toHaveLength(1);
  });
});

describe("a manifest is refused", () => {
  test("if its bytes are not of the digest that was asked for", async () => {
    const registry = await serve({ fault: () => ({ kind: "corrupt", atByte: 7 }) });
    const { client } = connect();
    const reference = parseReference(`${registry.host}/test@${small.manifestDescriptor.digest}`);
    await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  });

  test("if they are not of the digest that the registry announces for the tag", async () => {
    const { outcome } = await fetchAnswer(200, small.manifest, {
      "docker-content-digest": digestOf(Buffer.from("x")),
    });
    await expect(outcome).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  });

  test("if it has more than 4 MiB", async () => {
    const { outcome } = await fetchAnswer(200, Buffer.alloc(maxDocumentBytes + 1, " "));
    await expect(outcome).rejects.toMatchObject({ code: "DOCUMENT_TOO_LARGE" });
  });

  test("if it is of schema version 1", async () => {
    const { outcome } = await fetchAnswer(200, '{"schemaVersion":1,"fsLayers":[],"history":[]}');
    await expect(outcome).rejects.toMatchObject({ code: "DOCUMENT_UNSUPPORTED" });
  });

  test("if it is a page for people", async () => {
    const { outcome } = await fetchAnswer(200, "<html>", { "content-type": "text/html" });
    await expect(outcome).rejects.toMatchObject({ code: "DOCUMENT_INVALID" });
  });
});

describe("an answer of", () => {
  test.each([
    [400, "REGISTRY_REJECTED"],
    [403, "REGISTRY_DENIED"],
    [404, "REGISTRY_NOT_FOUND"],
    [405, "REGISTRY_REJECTED"],
    [451, "REGISTRY_REJECTED"],
    [501, "REGISTRY_UNAVAILABLE"],
    [304, "REGISTRY_PROTOCOL"],
  ])("%i is %s, at once, with what the registry says", async (status, code) => {
    // A 304 has no body to say anything in.
    const said = status === 304 ? "304" : "WHY: because";
    const body = status === 304 ? "" : '{"errors":[{"code":"WHY","message":"because"}]}';
    const { outcome, pauses } = await fetchAnswer(status, body);
    await expect(outcome).rejects.toMatchObject({ code, status, message: expect.stringContaining(said) });
    expect(pauses).toEqual([]);
  });

  test.each([408, 499, 500, 502, 503, 504, 522])(
    "%i is REGISTRY_UNAVAILABLE after five attempts",
    async (status) => {
      const { outcome, pauses, events } = await fetchAnswer(status, "");
      await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE", status });
      expect(pauses).toEqual([500, 1000, 2000, 4000]);
      expect(events).toContainEqual(
        expect.objectContaining({
          kind: "registry-retry",
          code: "REGISTRY_UNAVAILABLE",
          delayMilliseconds: 500,
        }),
      );
    },
  );

  test("429 is tried again after the time that it asks for", async () => {
    const registry = await serve({
      fault: ({ attempt }) =>
        attempt === 1 ? { kind: "status", status: 429, headers: { "retry-after": "7" } } : undefined,
    });
    const { client, pauses } = connect();
    await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(pauses).toEqual([7000]);
  });

  test.each([
    [
      "asks for more than a minute",
      { "retry-after": "3600", "ratelimit-limit": "100;w=21600" },
      /quota 100;w=21600, free again in 3600 s/,
    ],
    [
      "asks for a date in an hour",
      { "retry-after": "Mon, 01 Jan 2024 01:00:00 GMT" },
      /free again in 3600 s/,
    ],
    [
      "says that the quota is used up",
      { "ratelimit-limit": "100;w=21600", "ratelimit-remaining": "0;w=21600" },
      /quota 100;w=21600, remaining 0;w=21600/,
    ],
  ])("429 that %s is REGISTRY_RATE_LIMITED at once and names the quota", async (_, headers, message) => {
    const { outcome, pauses } = await fetchAnswer(429, "", headers);
    await expect(outcome).rejects.toMatchObject({
      code: "REGISTRY_RATE_LIMITED",
      message: expect.stringMatching(message),
    });
    expect(pauses).toEqual([]);
  });
});

test("a warning of the registry is reported once for each text", async () => {
  const headers = { warning: '299 - "this repository \\"moves\\""' };
  const registry = await serve({
    fault: () => ({ kind: "status", status: 200, headers, body: small.manifest }),
  });
  const { client, events } = connect();
  const reference = parseReference(`${registry.host}/test`);
  await fetchManifest(client, reference, signal);
  await fetchManifest(client, reference, signal);
  expect(events).toEqual([
    { kind: "registry-warning", registry: registry.host, text: 'this repository "moves"' },
  ]);
});

describe("a registry", () => {
  test("that is not there is REGISTRY_UNREACHABLE, after all attempts", async () => {
    const registry = await serve();
    await registry.close();
    const { client, pauses } = connect();
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining(registry.host),
    });
    expect(pauses).toHaveLength(4);
  });

  test("without TLS where it is asked for by TLS is REGISTRY_TLS, and the hint says what to do", async () => {
    const registry = await serve();
    const { client } = connect({ plainHttp: false });
    await expect(
      fetchManifest(client, parseReference(`${registry.host}/test`), signal),
    ).rejects.toMatchObject({
      code: "REGISTRY_TLS",
      hint: expect.stringContaining("plain HTTP"),
    });
  });
});

describe("the image for a platform", () => {
  const arm64 = image([layer], { architecture: "arm64" });
  const multi = imageIndex([
    { image: small, platform: { os: "linux", architecture: "amd64" } },
    { image: arm64, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
  ]);

  test("is found through an index, with its config, and what the index was", async () => {
    const registry = await serve({ images: { "test:latest": multi } });
    const { client } = connect();
    const found = await resolveImage(
      client,
      parseReference(`${registry.host}/test`),
      { os: "linux", architecture: "arm64" },
      signal,
    );
    expect(found.descriptor.digest).toBe(arm64.manifestDescriptor.digest);
    expect(found.indexDescriptor).toMatchObject(multi.indexDescriptor);
    expect(Buffer.from(found.configBytes).equals(arm64.config)).toBe(true);
    expect(found.manifest.layers).toMatchObject([layer.descriptor]);
  });

  test("is asked for only as far as the caller does not know its documents", async () => {
    const registry = await serve({ images: { "test:latest": multi } });
    const { client } = connect();
    const reference = parseReference(`${registry.host}/test`);
    const found = await resolveImage(client, reference, amd64, signal, {
      known: async ({ digest }) => (digest === small.configDescriptor.digest ? small.config : undefined),
    });
    expect(Buffer.from(found.configBytes).equals(small.config)).toBe(true);
    expect(registry.requests.map(({ path }) => path)).toEqual([
      "/v2/test/manifests/latest",
      `/v2/test/manifests/${small.manifestDescriptor.digest}`,
    ]);
  });

  test("is looked up by its tag once: a tag that moves in between does not mix two images", async () => {
    const other = image([layerBlob(tarArchive([{ name: "other" }]), "none")]);
    const registry = await serve({
      images: { "test:latest": multi },
      fault: ({ path }) => {
        if (path.endsWith("/latest")) queueMicrotask(() => registry.tag("test:latest", other));
        return undefined;
      },
    });
    const { client } = connect();
    const found = await resolveImage(client, parseReference(`${registry.host}/test`), amd64, signal);
    expect(found.descriptor.digest).toBe(small.manifestDescriptor.digest);
    expect(registry.requests.map(({ path }) => path)).toEqual([
      "/v2/test/manifests/latest",
      `/v2/test/manifests/${small.manifestDescriptor.digest}`,
      `/v2/test/blobs/${small.configDescriptor.digest}`,
    ]);
  });

  test("that the image is not made for is PLATFORM_NOT_FOUND", async () => {
    const registry = await serve({ images: { "test:latest": multi, "one:latest": arm64 } });
    const { client } = connect();
    for (const name of ["test", "one"])
      await expect(
        resolveImage(
          client,
          parseReference(`${registry.host}/${name}`),
          { os: "linux", architecture: "s390x" },
          signal,
        ),
      ).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
  });

  test("is not found in an index that contains itself, which no digest allows", async () => {
    const loop = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ mediaType: mediaTypes.ociIndex, digest: `sha256:${"a".repeat(64)}`, size: 193 }],
      }),
    );
    const headers = { "content-type": mediaTypes.ociIndex };
    const registry = await serve({ fault: () => ({ kind: "status", status: 200, headers, body: loop }) });
    const { client } = connect();
    await expect(
      resolveImage(client, parseReference(`${registry.host}/test`), amd64, signal),
    ).rejects.toMatchObject({
      code: expect.stringMatching(/^BLOB_(DIGEST|SIZE)$/),
    });
  });

  test("is refused where indexes nest without end", async () => {
    let nested: object = multi.indexDescriptor;
    const documents = new Map<string, Buffer>();
    for (let depth = 0; depth < 6; depth++) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [nested] }));
      const digest = digestOf(bytes);
      documents.set(digest, bytes);
      nested = { mediaType: mediaTypes.ociIndex, digest, size: bytes.length };
    }
    const top = [...documents.keys()].at(-1) ?? "";
    const registry = await serve({
      images: { "test:latest": multi },
      fault: ({ path }) => {
        const body = documents.get(path.slice(path.lastIndexOf("/") + 1));
        return (
          body && { kind: "status", status: 200, headers: { "content-type": mediaTypes.ociIndex }, body }
        );
      },
    });
    const { client } = connect();
    await expect(
      resolveImage(client, parseReference(`${registry.host}/test@${top}`), amd64, signal),
    ).rejects.toMatchObject({ code: "INDEX_TOO_COMPLEX" });
  });

  test("takes a config that is embedded in the manifest without asking for it", async () => {
    const manifest = JSON.parse(small.manifest.toString());
    manifest.config.data = small.config.toString("base64");
    const body = JSON.stringify(manifest);
    const registry = await serve({ fault: () => ({ kind: "status", status: 200, body }) });
    const { client } = connect();
    const found = await resolveImage(client, parseReference(`${registry.host}/test`), amd64, signal);
    expect(found.config.architecture).toBe("amd64");
    expect(registry.requests).toHaveLength(1);
  });

  test.each([
    ["a config of more than 4 MiB", { size: maxDocumentBytes + 1 }, "DOCUMENT_TOO_LARGE"],
    ["a config of another size", { size: 5 }, "BLOB_SIZE"],
    [
      "a config of an artifact",
      { mediaType: "application/vnd.cncf.helm.config.v1+json" },
      "DOCUMENT_UNSUPPORTED",
    ],
  ])("is refused with %s", async (_, members, code) => {
    const manifest = JSON.parse(small.manifest.toString());
    const body = JSON.stringify({ ...manifest, config: { ...manifest.config, ...members } });
    const registry = await serve({
      fault: ({ path }) => (path.includes("/manifests/") ? { kind: "status", status: 200, body } : undefined),
    });
    const { client } = connect();
    await expect(
      resolveImage(client, parseReference(`${registry.host}/test`), amd64, signal),
    ).rejects.toMatchObject({
      code,
    });
  });
});
