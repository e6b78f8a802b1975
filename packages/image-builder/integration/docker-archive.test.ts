import { createReadStream } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { dockerArchive, image, layerBlob, tarArchive, type TarEntry } from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { inspectImage } from "../src/index.ts";
import { archivedImage, archiveDirectory, base, top, type Built } from "./archive-fixtures.ts";

const { place, file, build, buildFromLayout, expectNoSpool } = archiveDirectory();

describe("what docker save writes makes the disk of the layout with the same plain layers", () => {
  const content = archivedImage("none");
  let expected: Built;
  beforeAll(async () => {
    expected = await buildFromLayout(content);
  });

  test.each(["legacy", "oci"] as const)(
    "in the %s form, where a layer that comes twice is there once",
    async (form) => {
      const archive = await dockerArchive([{ image: content, tags: ["name:1"] }], { form });
      const path = await file(`docker-${form}.tar`, archive);
      expect(await build(`docker-archive:${path}`)).toEqual(expected);
      expect(await build(`docker-archive:${path}:name:1`)).toEqual(expected);
      expect(await build(`docker-archive:${path}:@0`)).toEqual(expected);
      const compressed = await file(`docker-${form}.tar.zst`, zstdCompressSync(archive));
      expect(await build(`docker-archive:${compressed}`)).toEqual(expected);
      expect(await build("-", {}, createReadStream(path))).toEqual(expected);
      await expectNoSpool();
    },
  );

  test.each(["gzip", "zstd"] as const)(
    "its layers may be in %s: then it is the image of those",
    async (compression) => {
      const wrapped = archivedImage(compression);
      const archive = await dockerArchive([{ image: wrapped }], { form: "legacy", layers: "as-in-image" });
      const path = await file(`docker-${compression}.tar`, archive);
      expect(await build(`docker-archive:${path}`)).toEqual(await buildFromLayout(wrapped));
    },
  );

  test("one of several images is named by reference or place; none named says which there are", async () => {
    const archive = await dockerArchive(
      [{ image: image([layerBlob(base, "none")]), tags: ["a:1", "ghcr.io/o/a:1"] }, { image: content }],
      { form: "legacy" },
    );
    const path = await file("two.tar", archive);
    expect(await build(`docker-archive:${path}:@1`)).toEqual(expected);
    const named = await inspectImage(
      { source: `docker-archive:${path}:ghcr.io/o/a:1`, platform: "linux/amd64" },
      { store: place("store") },
    );
    expect(named.manifest.layers).toHaveLength(1);
    for (const [name, code] of [
      ["", "STORE_IMAGE_AMBIGUOUS"],
      [":b", "STORE_IMAGE_NOT_FOUND"],
      [":@2", "STORE_IMAGE_NOT_FOUND"],
    ])
      await expect(build(`docker-archive:${path}${name}`)).rejects.toMatchObject({
        code,
        hint: expect.stringContaining('"a:1" "ghcr.io/o/a:1", @1'),
      });
  });

  test("another platform is not taken", async () => {
    const archive = await dockerArchive([{ image: content }], { form: "oci" });
    const source = `docker-archive:${await file("amd64.tar", archive)}`;
    await expect(build(source, { platform: "linux/arm64" })).rejects.toMatchObject({
      code: "PLATFORM_NOT_FOUND",
    });
  });
});

/** The manifest.json of one image. */
function manifest(Layers: unknown, Config: unknown = "c.json"): string {
  return JSON.stringify([{ Config, RepoTags: null, Layers }]);
}

const config = archivedImage("none").config;
const plain: TarEntry[] = [
  { name: "c.json", content: config },
  { name: "base", content: base },
  { name: "top", content: top },
];
const saved = (content: string, ...others: TarEntry[]): TarEntry[] => [
  ...plain,
  ...others,
  { name: "manifest.json", content },
];

describe("a docker archive that lies or is damaged", () => {
  const digits = "0".repeat(64);

  test.each<[string, string, TarEntry[]]>([
    ["no manifest.json", "SOURCE_ARCHIVE", plain],
    ["a manifest.json that is no JSON", "SOURCE_ARCHIVE", saved("[")],
    ["a manifest.json that is an object", "SOURCE_ARCHIVE", saved("{}")],
    ["a manifest.json without images", "STORE_IMAGE_NOT_FOUND", saved("[]")],
    ["a layer that is absent", "SOURCE_ARCHIVE", saved(manifest(["base", "nothing", "base"]))],
    ["a layer above the archive", "SOURCE_ARCHIVE", saved(manifest(["base", "../../etc/passwd", "base"]))],
    ["a layer that is a number", "SOURCE_ARCHIVE", saved(manifest([1]))],
    ["too few layers", "DOCUMENT_INVALID", saved(manifest(["base"]))],
    ["layers in another order", "BLOB_DIGEST", saved(manifest(["top", "base", "base"]))],
    [
      "a config that is not what its name says",
      "BLOB_DIGEST",
      saved(manifest(["base", "top", "base"], `${digits}.json`), { name: `${digits}.json`, content: config }),
    ],
    [
      "links in a circle",
      "SOURCE_ARCHIVE",
      saved(
        manifest(["a", "top", "base"]),
        { name: "a", type: "symlink", linkTarget: "b" },
        { name: "b", type: "hardlink", linkTarget: "a" },
      ),
    ],
    [
      "a layer in bzip2",
      "LAYER_COMPRESSION",
      saved(manifest(["bz", "top", "base"]), { name: "bz", content: "BZh91AY&SY" }),
    ],
    [
      "a config of 5 MiB",
      "DOCUMENT_TOO_LARGE",
      [
        { name: "c.json", content: Buffer.alloc(5 * 2 ** 20, " ") },
        ...plain.slice(1),
        { name: "manifest.json", content: manifest(["base", "top", "base"]) },
      ],
    ],
  ])("%s: %s", async (_, code, entries) => {
    const path = await file("bad.tar", tarArchive(entries));
    await expect(build(`docker-archive:${path}`)).rejects.toMatchObject({ code });
  });
});

test("compressed layers that have their digest as a layout's blobs do are not read before they are needed", async () => {
  const image = archivedImage("gzip");
  const blobs = image.layers.map(({ descriptor, bytes }) => ({
    name: `blobs/sha256/${descriptor.digest.slice("sha256:".length)}`,
    // As long, and as gzip begins.
    content: Buffer.concat([bytes.subarray(0, 10), Buffer.alloc(bytes.length - 10)]),
  }));
  const names = blobs.map(({ name }) => name);
  const entries: TarEntry[] = [
    { name: "c.json", content: image.config },
    ...blobs.slice(0, 2),
    { name: "manifest.json", content: manifest(names) },
  ];
  const source = `docker-archive:${await file("named.tar", tarArchive(entries))}`;
  const { manifest: found } = await inspectImage(
    { source, platform: "linux/amd64" },
    { store: place("store") },
  );
  expect(found.layers.map(({ digest }) => digest)).toEqual(
    image.layers.map(({ descriptor }) => descriptor.digest),
  );
  await expect(build(source)).rejects.toMatchObject({
    code: expect.stringMatching(/^(BLOB_DIGEST|LAYER_DECOMPRESS)$/),
  });
});

test("sound links within an archive are followed", async () => {
  const entries = saved(
    manifest(["two", "./top", "/d//one"]),
    { name: "d/one", type: "symlink", linkTarget: "../base" },
    { name: "two", type: "hardlink", linkTarget: "d/one" },
  );
  const path = await file("links.tar", tarArchive(entries));
  expect(await build(`docker-archive:${path}`)).toEqual(await buildFromLayout(archivedImage("none")));
});
