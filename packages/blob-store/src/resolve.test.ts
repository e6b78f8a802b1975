import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { isBootlayerError } from "@bootlayer/errors";
import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { image, imageIndex, layerBlob, tarArchive, writeLayout } from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, expect } from "vitest";
import { openLayout, resolveImageInLayout, resolveInLayout, type Layout } from "./index.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blob-store-"));
});
afterEach(() => rm(directory, { recursive: true }));

const layer = layerBlob(tarArchive([{ name: "file", content: "text" }]));
const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const forAmd64 = image([layer]);
const forArm64 = image([layer], { architecture: "arm64" });

async function layoutOf(images: Parameters<typeof writeLayout>[1]): Promise<Layout> {
  await writeLayout(directory, images);
  return openLayout(directory);
}

async function layoutWithIndex(index: unknown): Promise<Layout> {
  const layout = await layoutOf({ one: forAmd64 });
  await writeFile(join(directory, "index.json"), JSON.stringify(index));
  return layout;
}

function entry(tag: string | undefined, text: string) {
  const annotations = tag === undefined ? {} : { "org.opencontainers.image.ref.name": tag };
  return { mediaType: mediaTypes.ociManifest, digest: digestOf(Buffer.from(text)), size: 1, annotations };
}

test("an image is found by its tag, its documents read and checked", async () => {
  const layout = await layoutOf({ one: forAmd64, two: forArm64 });
  const found = await resolveImageInLayout(layout, "two", arm64);
  expect(found.descriptor.digest).toBe(forArm64.manifestDescriptor.digest);
  expect(forArm64.manifest.equals(found.manifestBytes)).toBe(true);
  expect(forArm64.config.equals(found.configBytes)).toBe(true);
  expect(found.manifest.layers[0]?.digest).toBe(layer.descriptor.digest);
});

test("without a tag the only image is meant", async () => {
  const layout = await layoutOf({ one: forAmd64 });
  expect((await resolveInLayout(layout, undefined)).digest).toBe(forAmd64.manifestDescriptor.digest);
});

test("one image under two tags is not ambiguous", async () => {
  const layout = await layoutOf({ one: forAmd64, two: forAmd64 });
  expect((await resolveInLayout(layout, undefined)).digest).toBe(forAmd64.manifestDescriptor.digest);
});

test("without a tag several images are STORE_IMAGE_AMBIGUOUS, and the tags are listed", async () => {
  const layout = await layoutOf({ one: forAmd64, two: forArm64 });
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({
    code: "STORE_IMAGE_AMBIGUOUS",
    hint: expect.stringContaining('"one", "two"'),
  });
});

test("a tag that stands for two images is STORE_IMAGE_AMBIGUOUS", async () => {
  const layout = await layoutWithIndex({ schemaVersion: 2, manifests: [entry("x", "a"), entry("x", "b")] });
  await expect(resolveInLayout(layout, "x")).rejects.toMatchObject({ code: "STORE_IMAGE_AMBIGUOUS" });
});

test("a tag that is not there is STORE_IMAGE_NOT_FOUND, and what is there is listed, safe to print", async () => {
  const layout = await layoutWithIndex({
    schemaVersion: 2,
    manifests: [entry("x\u001b[2J", "a"), entry(undefined, "b")],
  });
  await expect(resolveInLayout(layout, "y")).rejects.toMatchObject({
    code: "STORE_IMAGE_NOT_FOUND",
    message: expect.stringContaining('"y"'),
    hint: 'it has "x\\u001b[2J", 1 without a name',
  });
});

test("an empty layout has nothing to choose", async () => {
  const layout = await layoutWithIndex({ schemaVersion: 2, manifests: null });
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({
    code: "STORE_IMAGE_NOT_FOUND",
    hint: "it has no images",
  });
});

test("the platform is chosen from a nested index", async () => {
  const index = imageIndex([
    { image: forAmd64, platform: amd64 },
    { image: forArm64, platform: arm64 },
  ]);
  const layout = await layoutOf({ multi: index });
  expect(await resolveImageInLayout(layout, "multi", arm64)).toMatchObject({
    descriptor: { digest: forArm64.manifestDescriptor.digest },
    indexDescriptor: { digest: index.indexDescriptor.digest },
  });
  await expect(
    resolveImageInLayout(layout, undefined, { os: "linux", architecture: "s390x" }),
  ).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
});

test("a manifest whose bytes are not those of its digest is refused", async () => {
  const layout = await layoutOf({ one: forAmd64 });
  const { digest } = forAmd64.manifestDescriptor;
  const forged = Buffer.from(forAmd64.manifest.toString().replace('"size"', '"Size"'));
  await writeFile(join(directory, "blobs/sha256", digest.slice(7)), forged);
  await expect(resolveImageInLayout(layout, "one", amd64)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
});

test("a digest that is a path leads nowhere", async () => {
  const layout = await layoutWithIndex({
    schemaVersion: 2,
    manifests: [{ mediaType: mediaTypes.ociManifest, digest: "sha256:../../oci-layout", size: 30 }],
  });
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({ code: "DOCUMENT_INVALID" });
});

test("an index.json that is a manifest, missing or too long is refused", async () => {
  const layout = await layoutOf({ one: forAmd64 });
  const path = join(directory, "index.json");
  await writeFile(path, forAmd64.manifest);
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({ code: "STORE_INVALID" });
  await writeFile(path, " ".repeat(4 * 2 ** 20 + 1));
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({ code: "STORE_INVALID" });
  await rm(path);
  await expect(resolveInLayout(layout, undefined)).rejects.toMatchObject({ code: "STORE_INVALID" });
});

const anyEntry = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      mediaType: fc.oneof(fc.constantFrom(...Object.values(mediaTypes)), fc.jsonValue()),
      digest: fc.oneof(fc.constant(forAmd64.manifestDescriptor.digest), fc.jsonValue()),
      size: fc.oneof(fc.constant(forAmd64.manifest.length), fc.jsonValue()),
      annotations: fc.oneof(
        fc.dictionary(fc.constant("org.opencontainers.image.ref.name"), fc.jsonValue()),
        fc.jsonValue(),
      ),
      platform: fc.oneof(fc.constant(arm64), fc.jsonValue()),
    },
    { requiredKeys: [] },
  ),
);

test.prop([
  fc.oneof(
    fc.jsonValue(),
    fc.record({ schemaVersion: fc.constantFrom(1, 2), manifests: fc.array(anyEntry, { maxLength: 3 }) }),
  ),
  fc.option(fc.string(), { nil: undefined }),
])("whatever index.json holds, the outcome is an image or a typed error", async (index, tag) => {
  const layout = await layoutWithIndex(index);
  const outcome: unknown = await resolveImageInLayout(layout, tag, amd64).catch((error: unknown) => error);
  expect(
    isBootlayerError(outcome) || (outcome !== null && typeof outcome === "object" && "manifest" in outcome),
  ).toBe(true);
});
