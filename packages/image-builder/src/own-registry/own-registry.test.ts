import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { blobSize, collectGarbage, ingestBytes, listImages, tagImage } from "@bootlayer/blob-store";
import { digestOf, mediaTypes, type Digest } from "@bootlayer/image-spec";
import { image, imageIndex, layerBlob, tarArchive, type FixtureImage } from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  buildDisk,
  findOwnBlob,
  findOwnManifest,
  forgetPulledImages,
  inspectImage,
  keepOwnBlob,
  listFiles,
  listOwnImages,
  listOwnReferrers,
  listOwnTags,
  mountOwnBlob,
  openOwnRegistry,
  putOwnManifest,
  removeOwnBlob,
  removeOwnManifest,
  type ManifestName,
  type OwnRegistry,
  type PutManifestResult,
} from "../index.ts";

// Nothing listens there, and no name in it can be looked up.
const hosts = ["registry.invalid:5000", "127.0.0.1:1"];
const [host = ""] = hosts;
const one = image([layerBlob(tarArchive([{ name: "one", content: "1" }]))]);
const two = image([layerBlob(tarArchive([{ name: "two", content: "2" }]))], { architecture: "arm64" });
const both = imageIndex([
  { image: one, platform: { os: "linux", architecture: "amd64" } },
  { image: two, platform: { os: "linux", architecture: "arm64" } },
]);
const oneDigest = digestOf(one.manifest);

let directory: string;
let registry: OwnRegistry;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "own-registry-"));
  registry = await openOwnRegistry({ store: join(directory, "store"), hosts });
});
afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function upload(repository: string, bytes: Uint8Array): Promise<Digest> {
  const path = join(directory, "upload");
  await writeFile(path, bytes);
  const blob = { digest: digestOf(bytes), size: bytes.length };
  await keepOwnBlob(registry, repository, blob, { path });
  return blob.digest;
}

function put(repository: string, name: ManifestName, bytes: Uint8Array, mediaType?: string) {
  return putOwnManifest(registry, { repository, name, host, bytes, mediaType });
}

async function push(repository: string, name: ManifestName, { config, layers, manifest }: FixtureImage) {
  for (const bytes of [config, ...layers.map((layer) => layer.bytes)]) await upload(repository, bytes);
  return put(repository, name, manifest);
}

function artifact(subject: FixtureImage, more: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: one.configDescriptor,
      layers: [],
      subject: subject.manifestDescriptor,
      ...more,
    }),
  );
}

/** What is old enough, and kept by nothing. */
async function collectAll(): Promise<void> {
  await registry[Symbol.asyncDispose]();
  await collectGarbage(registry.store, { graceMilliseconds: 0 });
}

test("what was pushed is built, inspected and listed by each of its own addresses, without a request", async () => {
  await push("team/web", { tag: "1" }, one);
  const environment = { store: registry.store.directory, ownRegistries: hosts };
  for (const source of [`${host}/team/web:1`, "127.0.0.1:1/team/web:1", `${host}/team/web@${oneDigest}`]) {
    expect((await inspectImage({ source, platform: "amd64" }, environment)).descriptor.digest).toBe(
      oneDigest,
    );
    const files = await listFiles({ source, platform: "amd64" }, environment);
    expect(files.map(({ name }) => String(name))).toEqual(["one"]);
  }
  const output = join(directory, "disk");
  const request = { source: `${host}/team/web:1`, platform: "amd64", output, cache: false };
  expect(await buildDisk(request, environment)).toMatchObject({ digest: oneDigest, output });
  await expect(inspectImage({ source: `${host}/team/web:2` }, environment)).rejects.toMatchObject({
    code: "STORE_IMAGE_NOT_FOUND",
  });
});

test("a tag that moves to another address of the registry stands for one image", async () => {
  await push("a", { tag: "1" }, one);
  await push("a", { tag: "1" }, two);
  const other = { repository: "a", name: { tag: "1" }, host: "127.0.0.1:1", bytes: one.manifest };
  expect(await putOwnManifest(registry, other)).toMatchObject({ kind: "kept" });
  expect((await findOwnManifest(registry, "a", { tag: "1" }))?.digest).toBe(oneDigest);
  expect(await listOwnTags(registry, "a")).toEqual(["1"]);
  expect(await removeOwnManifest(registry, "a", { tag: "1" })).toBe(true);
  expect(await listOwnTags(registry, "a")).toEqual([]);
});

test("images that were pushed are listed by name, page by page; signatures, and what has no tag, are not", async () => {
  const { directory: store } = registry.store;
  await push("b", { tag: "1" }, one);
  await push("a", { tag: "2" }, two);
  await upload("a", one.config);
  await put("a", { tag: "2.sig" }, artifact(two));
  await push("a/b", { tag: "3" }, two);
  await push("c", { digest: oneDigest }, one);
  await push("a/b", { digest: oneDigest }, one);
  await put("a/b", { tag: "4" }, both.index, mediaTypes.ociIndex);
  await tagImage(registry.store, "docker.io/library/a:1", { ...one.manifestDescriptor, digest: oneDigest });
  const names = async (after?: string): Promise<object> => {
    const { images, next } = await listOwnImages({ hosts, after, limit: 4 }, { store });
    return { names: images.map(({ name, platforms }) => [name, platforms.length]), next };
  };
  const last = `${host}/a:2.sig`;
  expect(await names()).toEqual({
    names: [
      [`${host}/a/b:3`, 1],
      [`${host}/a/b:4`, 2],
      [`${host}/a:2`, 1],
    ],
    next: last,
  });
  expect(await names(last)).toEqual({ names: [[`${host}/b:1`, 1]], next: undefined });
});

test("what came into the store another way is no repository's, whoever knows its digest", async () => {
  const layer = one.layers[0]?.bytes ?? Buffer.alloc(0);
  const digest = digestOf(layer);
  for (const bytes of [layer, one.config, one.manifest])
    await ingestBytes(registry.store, { digest: digestOf(bytes), size: bytes.length }, bytes);
  expect(await findOwnBlob(registry, "a", digest)).toBeUndefined();
  expect(await findOwnManifest(registry, "a", { digest: oneDigest })).toBeUndefined();
  expect(await mountOwnBlob(registry, { digest, from: "b", to: "a" })).toBe(false);
  expect(await put("a", { tag: "1" }, one.manifest)).toMatchObject({
    kind: "refused",
    code: "MANIFEST_BLOB_UNKNOWN",
    missing: [digestOf(one.config), digest],
  });
  const environment = { store: registry.store.directory, ownRegistries: hosts };
  await expect(inspectImage({ source: `${host}/a@${oneDigest}` }, environment)).rejects.toMatchObject({
    code: "STORE_IMAGE_NOT_FOUND",
  });
});

test("a blob is mounted from a repository that has it, and stays there when the other lets it go", async () => {
  const digest = await upload("a", one.config);
  expect(await mountOwnBlob(registry, { digest, from: "a", to: "b" })).toBe(true);
  expect(await findOwnBlob(registry, "b", digest)).toBe(one.config.length);
  expect(await removeOwnBlob(registry, "a", digest)).toBe(true);
  expect(await removeOwnBlob(registry, "a", digest)).toBe(false);
  expect(await findOwnBlob(registry, "b", digest)).toBe(one.config.length);
});

test("uploads without a name outlive a collection and a restart, for a day", async () => {
  const digest = await upload("a", one.config);
  await collectGarbage(registry.store, { graceMilliseconds: 0 });
  expect(await findOwnBlob(registry, "a", digest)).toBe(one.config.length);

  await registry[Symbol.asyncDispose]();
  registry = await openOwnRegistry({ store: registry.store.directory, hosts });
  await collectGarbage(registry.store, { graceMilliseconds: 0 });
  expect(await findOwnBlob(registry, "a", digest)).toBe(one.config.length);

  const links = join(registry.store.directory, ".bootlayer/repositories/a/blobs");
  const [link = ""] = await readdir(links);
  const longAgo = new Date(Date.now() - 25 * 60 * 60_000);
  await utimes(join(links, link), longAgo, longAgo);
  await registry[Symbol.asyncDispose]();
  registry = await openOwnRegistry({ store: registry.store.directory, hosts });
  await collectGarbage(registry.store, { graceMilliseconds: 0 });
  expect(await findOwnBlob(registry, "a", digest)).toBeUndefined();
  await registry[Symbol.asyncDispose]();
  registry = await openOwnRegistry({ store: registry.store.directory, hosts });
  expect(await readdir(links)).toEqual([]);
});

test("a tag keeps an index with all its parts; the parts' own names end with it", async () => {
  await push("a", { digest: oneDigest }, one);
  await push("a", { digest: digestOf(two.manifest) }, two);
  await collectAll();
  expect(await blobSize(registry.store, oneDigest)).toBe(one.manifest.length);
  registry = await openOwnRegistry({ store: registry.store.directory, hosts });
  await put("a", { tag: "all" }, both.index);
  await collectAll();
  expect(await blobSize(registry.store, oneDigest)).toBe(one.manifest.length);
  await removeOwnManifest(registry, "a", { tag: "all" });
  await collectAll();
  expect(await blobSize(registry.store, oneDigest)).toBeUndefined();
  expect(await findOwnManifest(registry, "a", { digest: oneDigest })).toBeUndefined();
});

test("a manifest that is deleted by its digest loses its tags in its repository alone", async () => {
  for (const repository of ["a", "a/b"]) await push(repository, { tag: "1" }, one);
  await put("a", { tag: "2" }, one.manifest);
  expect(await removeOwnManifest(registry, "a", { digest: oneDigest })).toBe(true);
  expect(await removeOwnManifest(registry, "a", { digest: oneDigest })).toBe(false);
  expect(await listOwnTags(registry, "a")).toEqual([]);
  expect(await listOwnTags(registry, "a/b")).toEqual(["1"]);
  expect(await findOwnManifest(registry, "a/b", { digest: oneDigest })).toBeDefined();
});

test("referrers are listed before and after their subject comes, are kept by it, and go with it", async () => {
  const signature = artifact(one, {
    artifactType: "application/vnd.example.signature",
    annotations: { a: "b" },
  });
  const plain = artifact(one);
  await upload("a", one.config);
  await put("a", { digest: digestOf(signature) }, signature);
  await push("a", { tag: "1" }, one);
  expect(await put("a", { digest: digestOf(plain) }, plain)).toMatchObject({ subject: oneDigest });
  const listed = await Array.fromAsync(listOwnReferrers(registry, "a", oneDigest));
  expect(listed).toEqual(
    [
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(signature),
        size: signature.length,
        artifactType: "application/vnd.example.signature",
        annotations: { a: "b" },
      },
      {
        mediaType: mediaTypes.ociManifest,
        digest: digestOf(plain),
        size: plain.length,
        artifactType: mediaTypes.ociConfig,
      },
    ].toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
  );
  const [first] = listed;
  const rest = listOwnReferrers(registry, "a", oneDigest, first?.digest);
  expect(await Array.fromAsync(rest)).toEqual(listed.slice(1));
  await collectAll();
  expect(await blobSize(registry.store, digestOf(plain))).toBe(plain.length);
  await removeOwnManifest(registry, "a", { digest: digestOf(signature) });
  await removeOwnManifest(registry, "a", { digest: oneDigest });
  await collectAll();
  expect(await Array.fromAsync(listOwnReferrers(registry, "a", oneDigest))).toEqual([]);
});

test.each<readonly [string, () => Promise<PutManifestResult>, string]>([
  ["of another digest", () => put("a", { digest: digestOf(one.config) }, one.manifest), "DIGEST_INVALID"],
  ["sent as an index", () => put("a", { tag: "1" }, one.manifest, mediaTypes.ociIndex), "MANIFEST_INVALID"],
  [
    "sent as Docker's",
    () => put("a", { tag: "1" }, one.manifest, mediaTypes.dockerManifest),
    "MANIFEST_INVALID",
  ],
  ["of no known type", () => put("a", { tag: "1" }, one.manifest, "text/plain"), "MANIFEST_INVALID"],
  [
    "that is no JSON",
    () => put("a", { tag: "1" }, Buffer.from("{"), mediaTypes.ociManifest),
    "MANIFEST_INVALID",
  ],
  ["of schema 1", () => put("a", { tag: "1" }, Buffer.from('{"schemaVersion":1}')), "MANIFEST_INVALID"],
  ["too long", () => put("a", { tag: "1" }, Buffer.alloc(4 * 2 ** 20 + 1, " ")), "SIZE_INVALID"],
  ["of an index without its parts", () => put("a", { tag: "1" }, both.index), "MANIFEST_BLOB_UNKNOWN"],
])("a manifest %s is refused and leaves nothing", async (_, attempt, code) => {
  await upload("a", one.config);
  for (const layer of one.layers) await upload("a", layer.bytes);
  expect(await attempt()).toMatchObject({ kind: "refused", code });
  expect(await listOwnTags(registry, "a")).toEqual([]);
  expect(await findOwnManifest(registry, "a", { digest: oneDigest })).toBeUndefined();
});

test("a manifest may have a sha512 digest", async () => {
  const digest = digestOf(one.manifest, "sha512");
  expect(await push("a", { digest }, one)).toMatchObject({ kind: "kept", descriptor: { digest } });
  expect(await findOwnManifest(registry, "a", { digest })).toMatchObject({
    digest,
    size: one.manifest.length,
  });
});

test("a layer of another length than the manifest says is as good as missing", async () => {
  const [layer] = one.layers;
  const lie = { ...layer?.descriptor, size: 1 };
  await push("a", { tag: "1" }, one);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: one.configDescriptor,
      layers: [lie],
    }),
  );
  expect(await put("a", { tag: "1" }, manifest)).toMatchObject({ code: "MANIFEST_BLOB_UNKNOWN" });
});

test("of images nobody needs those that were pulled by digest lose their names, and what was pushed keeps its own", async () => {
  await push("team/web", { digest: oneDigest }, one);
  for (const bytes of [two.config, ...two.layers.map((layer) => layer.bytes), two.manifest])
    await ingestBytes(registry.store, { digest: digestOf(bytes), size: bytes.length }, bytes);
  const digest = digestOf(two.manifest);
  const pulled = [`localhost:9/app:1@${digest}`, `localhost:9/app@${digest}`, "localhost:9/app:1"];
  for (const name of pulled) await tagImage(registry.store, name, { ...two.manifestDescriptor, digest });
  const pushed = `${host}/team/web@${oneDigest}`;
  const names = async () => (await listImages(registry.store)).map(({ name }) => name);
  const store = registry.store.directory;
  expect(await forgetPulledImages((manifest) => manifest === digest, { store })).toEqual([]);
  expect(await names()).toEqual([pushed, ...pulled]);
  // By any address that the registry has, or had when it was pushed.
  expect(await forgetPulledImages(() => false, { store, ownRegistries: ["localhost:1"] })).toEqual(
    pulled.slice(0, 2),
  );
  expect(await names()).toEqual([pushed, "localhost:9/app:1"]);
  expect(await forgetPulledImages(() => false, { store, ownRegistries: ["localhost:9"] })).toEqual([]);
});
