import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, mediaTypes, type Descriptor } from "@bootlayer/image-spec";
import { beforeEach, expect, test } from "vitest";
import { put, temporaryStore } from "../integration/store-fixtures.ts";
import { hasImage, listImages, tagImage, untagImage, type BlobStore } from "./index.ts";

let store: BlobStore;
beforeEach(async () => {
  store = await temporaryStore();
});

function manifest(text: string): Promise<Descriptor> {
  return put(store, text, mediaTypes.ociManifest);
}

function readIndex(): Promise<unknown> {
  return readFile(join(store.directory, "index.json"), "utf8").then((text): unknown => JSON.parse(text));
}

async function names(): Promise<Record<string, string>> {
  const images = await listImages(store);
  return Object.fromEntries(images.map(({ name, descriptor }) => [name ?? "", descriptor.digest]));
}

test("the same tag of two registries names two images", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  await tagImage(store, "docker.io/library/alpine:3.22", one);
  await tagImage(store, "mirror.example:5000/library/alpine:3.22", two);
  expect(await names()).toEqual({
    "docker.io/library/alpine:3.22": one.digest,
    "mirror.example:5000/library/alpine:3.22": two.digest,
  });
});

test("a name that moves stands for the new image alone", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  await tagImage(store, "docker.io/library/alpine:latest", one);
  await tagImage(store, "docker.io/library/alpine:latest", two);
  expect(await names()).toEqual({ "docker.io/library/alpine:latest": two.digest });
});

test("an entry keeps its annotations and its platform beside its name, and no payload", async () => {
  const descriptor = await manifest("one");
  const platform = { os: "linux", architecture: "arm64" };
  await tagImage(
    store,
    "a:1",
    { ...descriptor, platform, data: "b25l", annotations: { "org.opencontainers.image.version": "3" } },
    { annotations: { "org.opencontainers.image.ref.name": "forged", "com.example.kept": "yes" } },
  );
  expect((await listImages(store))[0]?.descriptor).toEqual({
    ...descriptor,
    platform,
    annotations: {
      "org.opencontainers.image.version": "3",
      "com.example.kept": "yes",
      "org.opencontainers.image.ref.name": "a:1",
    },
  });
});

test("a name is taken away once", async () => {
  await tagImage(store, "a:1", await manifest("one"));
  await tagImage(store, "a:2", await manifest("one"));
  expect(await untagImage(store, "a:1")).toBe(true);
  expect(await untagImage(store, "a:1")).toBe(false);
  expect(Object.keys(await names())).toEqual(["a:2"]);
});

test("further names are taken away when a name is given, whatever they stand for; others stay", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  await tagImage(store, "a:1", one);
  await tagImage(store, "b:1", one);
  await tagImage(store, "c:1", one);
  await tagImage(store, "a:2", two, { replaces: new Set(["b:1", "d:1"]) });
  expect(await names()).toEqual({ "a:1": one.digest, "c:1": one.digest, "a:2": two.digest });
});

test("a name can be taken away on condition of what it stands for", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  await tagImage(store, "a:1", one);
  expect(await untagImage(store, "a:1", { digest: two.digest })).toBe(false);
  expect(await names()).toEqual({ "a:1": one.digest });
  expect(await untagImage(store, "a:1", { digest: one.digest })).toBe(true);
});

test("a document that is not in the store gets no name", async () => {
  const descriptor = await manifest("one");
  await expect(tagImage(store, "a:1", { ...descriptor, size: 99 })).rejects.toMatchObject({
    code: "STORE_BLOB_MISSING",
  });
  expect(await names()).toEqual({});
});

test.for(["", "a b", "a\n", "ä", "\u0000", "x".repeat(1025)])("%j cannot name an image", async (name) => {
  await expect(tagImage(store, name, await manifest("one"))).rejects.toMatchObject({
    code: "STORE_NAME_INVALID",
  });
});

test("what other tools wrote into index.json stays, members of no specification too", async () => {
  const foreign = {
    mediaType: mediaTypes.ociManifest,
    digest: digestOf(Buffer.from("elsewhere")),
    size: 9,
    "com.example.member": [1],
  };
  await writeFile(
    join(store.directory, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [foreign], "com.example.top": { a: null } }),
  );
  await tagImage(store, "a:1", await manifest("one"));
  await untagImage(store, "a:1");
  expect(await readIndex()).toEqual({
    schemaVersion: 2,
    manifests: [foreign],
    "com.example.top": { a: null },
  });
});

test("an index whose manifests are null, as umoci leaves it, is empty and takes a name", async () => {
  await writeFile(join(store.directory, "index.json"), '{"schemaVersion":2,"manifests":null}');
  expect(await listImages(store)).toEqual([]);
  await tagImage(store, "a:1", await manifest("one"));
  expect(Object.keys(await names())).toEqual(["a:1"]);
});

test("an index that would grow past what readers take stays as it is", async () => {
  const descriptor = await manifest("one");
  const annotations = { filler: "x".repeat(2 ** 21) };
  await tagImage(store, "a:1", descriptor, { annotations });
  await expect(tagImage(store, "a:2", descriptor, { annotations })).rejects.toMatchObject({
    code: "STORE_FULL",
  });
  expect(Object.keys(await names())).toEqual(["a:1"]);
});

test("names given at the same time are all there", async () => {
  const descriptor = await manifest("one");
  const wanted = Array.from({ length: 8 }, (_, number) => `a:${number}`);
  await Promise.all(wanted.map((name) => tagImage(store, name, descriptor)));
  expect(Object.keys(await names()).toSorted()).toEqual(wanted);
});

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64", variant: "v8" };

test("a second platform under a name leaves the first, and each is replaced by its own kind", async () => {
  const [one, two, three] = [await manifest("one"), await manifest("two"), await manifest("three")];
  await tagImage(store, "a:1", { ...one, platform: amd64 });
  await tagImage(store, "a:1", { ...two, platform: arm64 });
  expect(await readIndexEntries()).toHaveLength(1);
  const held = async (): Promise<Record<string, string>> =>
    Object.fromEntries(
      (await listImages(store)).map(({ descriptor }) => [
        descriptor.platform?.architecture ?? "",
        descriptor.digest,
      ]),
    );
  expect(await held()).toEqual({ amd64: one.digest, arm64: two.digest });
  await tagImage(store, "a:1", { ...three, platform: { os: "linux", architecture: "arm64" } });
  expect(await held()).toEqual({ amd64: one.digest, arm64: three.digest });
  await tagImage(store, "a:1", one);
  expect(await held()).toEqual({ "": one.digest });
});

test("the order in which platforms came does not show", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  await tagImage(store, "a:1", { ...one, platform: amd64 });
  await tagImage(store, "a:1", { ...two, platform: arm64 });
  await tagImage(store, "a:2", { ...two, platform: arm64 });
  await tagImage(store, "a:2", { ...one, platform: amd64 });
  const [first, second] = await readIndexEntries();
  expect(first?.digest).toBe(second?.digest);
});

test("a name of several platforms is taken away whole", async () => {
  await tagImage(store, "a:1", { ...(await manifest("one")), platform: amd64 });
  await tagImage(store, "a:1", { ...(await manifest("two")), platform: arm64 });
  expect(await untagImage(store, "a:1")).toBe(true);
  expect(await listImages(store)).toEqual([]);
});

async function readIndexEntries(): Promise<readonly Descriptor[]> {
  return ((await readIndex()) as { manifests: Descriptor[] }).manifests;
}

test("an image is there if its name stands for it and its platform, and all of its blobs are there", async () => {
  const [one, two] = [await manifest("one"), await manifest("two")];
  const [amd64, arm64] = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  await tagImage(store, "a:1", { ...one, platform: amd64 });
  expect(await hasImage(store, "a:1", { ...one, platform: amd64 }, [one, two])).toBe(true);
  expect(await hasImage(store, "a:1", { ...one, platform: arm64 }, [one])).toBe(false);
  expect(await hasImage(store, "a:1", two, [two])).toBe(false);
  expect(await hasImage(store, "a:2", one, [one])).toBe(false);
  await tagImage(store, "a:1", { ...two, platform: arm64 });
  for (const [image, platform] of [
    [one, amd64],
    [two, arm64],
  ] as const)
    expect(await hasImage(store, "a:1", { ...image, platform }, [image])).toBe(true);
  expect(await hasImage(store, "a:1", { ...one, platform: amd64 }, [{ ...one, size: 4 }])).toBe(false);
});

test("a name that stands already leaves index.json as it is, whatever members are there and undefined", async () => {
  const platform = { os: "linux", architecture: "amd64", variant: undefined };
  const descriptor = { ...(await manifest("one")), platform };
  await tagImage(store, "a:1", descriptor);
  const { ino } = await stat(join(store.directory, "index.json"));
  await tagImage(store, "a:1", descriptor);
  expect((await stat(join(store.directory, "index.json"))).ino).toBe(ino);
});
