import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  digestOf,
  ImageSpecError,
  mediaTypes,
  parseDigest,
  resolveManifest,
  type Descriptor,
  type Digest,
  type Platform,
} from "./index.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

function indexOf(digest: Digest): Uint8Array {
  const descriptor = { mediaType: mediaTypes.ociIndex, digest, size: 200 };
  return Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
}

/** Documents by digest, as a registry or layout holds them; counts what is read. */
function library() {
  const blobs = new Map<string, Uint8Array>();
  const read: string[] = [];
  function put(value: unknown, mediaType: string, platform?: Platform): Descriptor {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length, ...(platform ? { platform } : {}) };
  }
  function image(configOf: Platform, platform?: Platform): Descriptor {
    const config = put({ ...configOf, rootfs: { type: "layers", diff_ids: [] } }, mediaTypes.ociConfig);
    return put({ schemaVersion: 2, config, layers: [] }, mediaTypes.ociManifest, platform);
  }
  function index(...manifests: Descriptor[]): Descriptor {
    return put({ schemaVersion: 2, manifests }, mediaTypes.ociIndex);
  }
  async function readDocument({ digest }: { readonly digest: Digest }): Promise<Uint8Array> {
    const bytes = blobs.get(digest);
    if (!bytes) throw new Error(`nothing is ${digest}`);
    read.push(digest);
    return bytes;
  }
  async function resolve({ digest, mediaType }: Descriptor, platform: Platform) {
    const bytes = blobs.get(digest) ?? new Uint8Array();
    return resolveManifest({ bytes, digest, mediaType }, platform, readDocument);
  }
  return { put, image, index, resolve, read, blobs };
}

test("a manifest that was named is the image if its config fits the platform", async () => {
  const { image, resolve, blobs } = library();
  const manifest = image(arm64);
  const found = await resolve(manifest, { ...arm64, variant: "v8" });
  expect(found).toMatchObject({ descriptor: manifest, platform: arm64, config: arm64 });
  expect(found.indexDescriptor).toBeUndefined();
  expect(found.manifestBytes).toBe(blobs.get(manifest.digest));
  expect(found.configBytes).toBe(blobs.get(found.manifest.config.digest));
});

test("a manifest for another architecture is PLATFORM_NOT_FOUND and the hint says what it is for", async () => {
  const { image, resolve } = library();
  await expect(resolve(image(arm64), amd64)).rejects.toMatchObject({
    code: "PLATFORM_NOT_FOUND",
    hint: expect.stringContaining("linux/arm64"),
  });
});

test("in an index the best of the platforms that the descriptors say is chosen, and no other is opened", async () => {
  const { image, index, resolve, read } = library();
  const v2 = image(amd64, { ...amd64, variant: "v2" });
  const start = index(image(amd64, amd64), v2, image(arm64, arm64), image(amd64));
  const found = await resolve(start, { ...amd64, variant: "v3" });
  expect(found.descriptor).toEqual(v2);
  expect(found.platform).toMatchObject({ ...amd64, variant: "v2" });
  expect(found.indexDescriptor).toEqual(start);
  expect(read).toEqual([v2.digest, found.manifest.config.digest]);
});

test("where no descriptor says a platform the configs are read, in order", async () => {
  const { image, index, resolve } = library();
  const wanted = image(arm64);
  const found = await resolve(index(image(amd64), wanted), arm64);
  expect(found.descriptor).toEqual(wanted);
});

test("nested indexes are searched, and the outermost is the image's index", async () => {
  const { image, index, resolve } = library();
  const wanted = image(arm64, arm64);
  const start = index(image(amd64, amd64), index(index(wanted)));
  expect(await resolve(start, arm64)).toMatchObject({ descriptor: wanted, indexDescriptor: start });
});

test("attestations, artifacts and unknown media types are passed over", async () => {
  const { put, image, index, resolve, read } = library();
  const nowhere = { os: "unknown", architecture: "unknown" };
  const attestation = image(nowhere, nowhere);
  const artifact = put(
    { schemaVersion: 2, config: put({}, "application/vnd.oci.empty.v1+json"), layers: [] },
    mediaTypes.ociManifest,
  );
  const unknown = put({}, "application/vnd.example.thing");
  const wanted = image(amd64);
  expect(await resolve(index(attestation, artifact, unknown, wanted), amd64)).toMatchObject({
    descriptor: wanted,
  });
  expect(read).not.toContain(attestation.digest);
  expect(read).not.toContain(unknown.digest);
  await expect(resolve(artifact, amd64)).rejects.toMatchObject({ code: "DOCUMENT_UNSUPPORTED" });
});

test("an index for other platforms alone is PLATFORM_NOT_FOUND and lists those of nested indexes too", async () => {
  const { image, index, resolve } = library();
  const start = index(image(amd64, amd64), index(image(arm64)));
  await expect(resolve(start, { os: "linux", architecture: "riscv64" })).rejects.toMatchObject({
    code: "PLATFORM_NOT_FOUND",
    hint: expect.stringMatching(/linux\/amd64.*linux\/arm64/),
  });
});

test("a Docker manifest list without a media type of its own goes by the one it was served with", async () => {
  const { put, image, resolve } = library();
  const wanted = image(amd64, amd64);
  const list = put({ schemaVersion: 2, manifests: [wanted] }, mediaTypes.dockerManifestList);
  expect((await resolve(list, amd64)).indexDescriptor?.mediaType).toBe(mediaTypes.dockerManifestList);
});

describe("INDEX_TOO_COMPLEX", () => {
  const digest = parseDigest(`sha256:${"a".repeat(64)}`);

  test("indexes that contain each other", async () => {
    const other = parseDigest(`sha256:${"b".repeat(64)}`);
    await expect(
      resolveManifest({ bytes: indexOf(other), digest }, amd64, async (descriptor) =>
        indexOf(descriptor.digest === other ? digest : other),
      ),
    ).rejects.toMatchObject({ code: "INDEX_TOO_COMPLEX", message: expect.stringContaining("itself") });
  });

  test("indexes nested five deep; four are followed", async () => {
    const { image, index, resolve } = library();
    const four = index(index(index(index(image(amd64)))));
    expect(await resolve(four, amd64)).toMatchObject({ platform: amd64 });
    await expect(resolve(index(four), amd64)).rejects.toMatchObject({ code: "INDEX_TOO_COMPLEX" });
  });

  test("an index with more descriptors to open than any image has", async () => {
    const { image, index, resolve } = library();
    const many = Array.from({ length: 101 }, (_, number) => image({ os: `os${number}`, architecture: "x" }));
    await expect(resolve(index(...many), amd64)).rejects.toMatchObject({ code: "INDEX_TOO_COMPLEX" });
  });
});

const anyDocument = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      schemaVersion: fc.constantFrom(1, 2, "2"),
      mediaType: fc.oneof(fc.constantFrom(...Object.values(mediaTypes)), fc.jsonValue()),
      config: fc.jsonValue(),
      layers: fc.array(fc.jsonValue()),
      manifests: fc.array(fc.jsonValue()),
      fsLayers: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);

test.prop([anyDocument, anyDocument])(
  "whatever the documents hold, the outcome is an image or a typed error",
  async (first, second) => {
    const { put, index, resolve } = library();
    const start = index(put(first, mediaTypes.ociManifest), put(second, mediaTypes.ociIndex));
    const outcome = await resolve(start, amd64).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ImageSpecError);
  },
);
