import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import {
  dockerArchive,
  image,
  imageIndex,
  layerBlob,
  layoutEntries,
  requireJudge,
  tarArchive,
  writeLayout,
  type FixtureImage,
  type TarEntry,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildDisk, inspectImage, listFiles, type BuildRequest } from "../src/index.ts";

const run = promisify(execFile);
const skopeo = requireJudge("skopeo");

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-archives-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const base = tarArchive([
  { name: "etc/", type: "directory" },
  { name: "etc/os-release", content: "NAME=x\n" },
  { name: "gone", content: "gone" },
]);
const top = tarArchive([
  { name: ".wh.gone", content: "" },
  { name: "data", content: Buffer.alloc(1_500_000, "data ") },
]);

/** Of the same two layers; the base layer once more on top of them makes an image that has one layer twice. */
function fixture(compression: "none" | "gzip" | "zstd"): FixtureImage {
  return image([layerBlob(base, compression), layerBlob(top, compression), layerBlob(base, compression)], {
    config: { Entrypoint: ["/data"] },
  });
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
}

interface Built {
  readonly digest: string;
  readonly sha256: string | undefined;
}

/** Builds without the cache, so that each form is really read. */
async function build(
  source: string,
  options: Partial<BuildRequest> = {},
  input?: AsyncIterable<Uint8Array>,
): Promise<Built> {
  const output = join(directory, "disk");
  const { digest, sha256 } = await buildDisk(
    {
      source,
      output,
      platform: "linux/amd64",
      cache: false,
      sha256: true,
      disk: { format: "squashfs", compression: "none" },
      ...options,
    },
    { store: join(directory, "store"), input },
  );
  return { digest, sha256 };
}

/** What went through the store on the way must be gone. */
async function expectNoSpool(): Promise<void> {
  expect(await readdir(join(directory, "store", ".bootlayer", "ingest"))).toEqual([]);
}

/** The manifest.json of one image. */
function manifest(Layers: unknown, Config: unknown = "c.json"): string {
  return JSON.stringify([{ Config, RepoTags: null, Layers }]);
}

async function* bytes(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

async function fromLayout(built: FixtureImage): Promise<Built> {
  const layout = await mkdtemp(join(directory, "layout-"));
  await writeLayout(layout, { "1": built });
  return await build(`oci:${layout}:1`);
}

describe("a tar of an OCI image layout makes the disk that the layout makes", () => {
  const content = fixture("gzip");
  const archive = tarArchive(layoutEntries({ "1": content, other: fixture("none") }));
  let expected: Built;
  beforeAll(async () => {
    expected = await fromLayout(content);
  });

  test("plain, in gzip and in zstd", async () => {
    for (const [name, bytes] of [
      ["l.tar", archive],
      ["l.tar.gz", gzipSync(archive)],
      ["l.tar.zst", zstdCompressSync(archive)],
    ] as const)
      expect(await build(`oci-archive:${await file(name, bytes)}:1`)).toEqual(expected);
    await expectNoSpool();
  });

  test("named by its digest, and by the digest of an index around it", async () => {
    const { digest } = content.manifestDescriptor;
    expect(await build(`oci-archive:${await file("d.tar", archive)}@${digest}`)).toEqual(expected);
    const index = imageIndex([{ image: content, platform: { os: "linux", architecture: "amd64" } }]);
    const path = await file("index.tar", tarArchive(layoutEntries({ all: index })));
    expect(await build(`oci-archive:${path}@${index.indexDescriptor.digest}`)).toEqual(expected);
    expect(await build(`oci-archive:${path}@${digest}`)).toEqual(expected);
    const layout = join(directory, "by-digest");
    await writeLayout(layout, { all: index, other: fixture("none") });
    expect(await build(`oci:${layout}@${digest}`)).toEqual(expected);
    expect(await build(`oci:${layout}@${index.indexDescriptor.digest}`)).toEqual(expected);
  });

  test("from standard input, which is recognised", async () => {
    const alone = gzipSync(tarArchive(layoutEntries({ "1": content })));
    const path = await file("in.tar.gz", alone);
    expect(await build("-", {}, createReadStream(path))).toEqual(expected);
    await expectNoSpool();
  });

  test("with ./ before its names, as tar makes it of a directory", async () => {
    const layout = join(directory, "to-tar");
    await writeLayout(layout, { "1": content });
    const path = join(directory, "gnu.tar");
    await run("tar", ["-C", layout, "-cf", path, "."]);
    expect(await build(`oci-archive:${path}`)).toEqual(expected);
  });

  test("from a pipe", async () => {
    const pipe = join(directory, "pipe");
    await run("mkfifo", [pipe]);
    const path = await file("piped.tar", archive);
    const [built] = await Promise.all([
      build(`oci-archive:${pipe}:1`),
      run("sh", ["-c", 'cat "$1" > "$2"', "sh", path, pipe]),
    ]);
    expect(built).toEqual(expected);
  });
});

describe("what docker save writes makes the disk of the layout with the same plain layers", () => {
  const content = fixture("none");
  let expected: Built;
  beforeAll(async () => {
    expected = await fromLayout(content);
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
      const wrapped = fixture(compression);
      const archive = await dockerArchive([{ image: wrapped }], { form: "legacy", layers: "as-in-image" });
      const path = await file(`docker-${compression}.tar`, archive);
      expect(await build(`docker-archive:${path}`)).toEqual(await fromLayout(wrapped));
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
      { store: directory },
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

describe.skipIf(skopeo.skip)(`archives that skopeo writes${skopeo.reason}`, () => {
  test.each(["gzip", "none"] as const)("of an image with layers in %s", async (compression) => {
    const content = fixture(compression);
    const layout = await mkdtemp(join(directory, "skopeo-"));
    await writeLayout(layout, { "1": content });
    const copy = (to: string, ...flags: string[]) =>
      run("skopeo", ["--insecure-policy", "copy", "--quiet", ...flags, `oci:${layout}:1`, to]);
    const [ociArchive, docker] = [join(layout, "oci.tar"), join(layout, "docker.tar")];
    // Else it compresses plain layers, and makes another image of it.
    await copy(`oci-archive:${ociArchive}:1`, "--preserve-digests");
    await copy(`docker-archive:${docker}:name:1`);
    expect(await build(`oci-archive:${ociArchive}:1`)).toEqual(await fromLayout(content));
    // Skopeo unpacks the layers for such an archive.
    expect(await build(`docker-archive:${docker}:name:1`)).toEqual(await fromLayout(fixture("none")));
  });
});

describe("archives that lie or are damaged", () => {
  const content = fixture("gzip");
  const entries = layoutEntries({ "1": content });
  const [layer] = content.layers;
  const layerName = `blobs/sha256/${layer?.descriptor.digest.slice(7) ?? ""}`;
  const changed = (name: string, change: Partial<TarEntry>): TarEntry[] =>
    entries.map((entry) => (entry.name === name ? { ...entry, ...change } : entry));
  const without = (name: string): TarEntry[] => entries.filter((entry) => entry.name !== name);

  test.each<[string, string, TarEntry[]]>([
    ["no oci-layout", "SOURCE_ARCHIVE", without("oci-layout")],
    ["no index.json", "SOURCE_ARCHIVE", without("index.json")],
    [
      "an oci-layout of another version",
      "SOURCE_ARCHIVE",
      changed("oci-layout", { content: '{"imageLayoutVersion":"2"}' }),
    ],
    ["an oci-layout that is no JSON", "SOURCE_ARCHIVE", changed("oci-layout", { content: "{" })],
    ["an index.json that is no JSON", "DOCUMENT_INVALID", changed("index.json", { content: "{" })],
    [
      "an index.json that is a manifest",
      "SOURCE_ARCHIVE",
      changed("index.json", { content: content.manifest }),
    ],
    [
      "an index.json of 5 MiB",
      "DOCUMENT_TOO_LARGE",
      changed("index.json", { content: Buffer.alloc(5 * 2 ** 20, " ") }),
    ],
    ["two index.json", "SOURCE_ARCHIVE", [...entries, { name: "./index.json", content: "{}" }]],
    ["a layer that is missing", "STORE_BLOB_MISSING", without(layerName)],
    ["a layer that is too long", "STORE_BLOB_DAMAGED", changed(layerName, { content: Buffer.alloc(9) })],
    [
      "a layer of other bytes",
      "BLOB_DIGEST",
      changed(layerName, { content: Buffer.alloc(layer?.bytes.length ?? 0, 1) }),
    ],
    [
      "a layer that is a link in a circle",
      "SOURCE_ARCHIVE",
      changed(layerName, { type: "symlink", linkTarget: "index", content: "" }).concat({
        name: "blobs/sha256/index",
        type: "symlink",
        linkTarget: `../../${layerName}`,
      }),
    ],
    [
      "a layer that is a link out of the archive",
      "SOURCE_ARCHIVE",
      changed(layerName, { type: "symlink", linkTarget: "../../../../../etc/passwd", content: "" }),
    ],
    [
      "a layer that is an absolute link",
      "SOURCE_ARCHIVE",
      changed(layerName, { type: "symlink", linkTarget: "/etc/passwd", content: "" }),
    ],
    [
      "a layer that is a device",
      "SOURCE_ARCHIVE",
      changed(layerName, { type: "character-device", content: "" }),
    ],
    [
      "a size that the archive does not have",
      "TAR_TRUNCATED",
      [...entries, { name: "x", content: "", size: 1e12 }],
    ],
    [
      "a header that is none",
      "TAR_HEADER",
      [...entries, { name: "x", content: Buffer.alloc(512, 7), size: 0 }],
    ],
  ])("%s: %s", async (_, code, changedEntries) => {
    const path = await file("bad.tar", tarArchive(changedEntries));
    await expect(build(`oci-archive:${path}`)).rejects.toMatchObject({ code });
  });

  const config = fixture("none").config;
  const plain: TarEntry[] = [
    { name: "c.json", content: config },
    { name: "base", content: base },
    { name: "top", content: top },
  ];
  test.each<[string, string, TarEntry[]]>([
    ["no manifest.json", "SOURCE_ARCHIVE", plain],
    [
      "a manifest.json that is no JSON",
      "SOURCE_ARCHIVE",
      [...plain, { name: "manifest.json", content: "[" }],
    ],
    [
      "a manifest.json that is an object",
      "SOURCE_ARCHIVE",
      [...plain, { name: "manifest.json", content: "{}" }],
    ],
    [
      "a manifest.json without images",
      "STORE_IMAGE_NOT_FOUND",
      [...plain, { name: "manifest.json", content: "[]" }],
    ],
    [
      "a layer that is absent",
      "SOURCE_ARCHIVE",
      [...plain, { name: "manifest.json", content: manifest(["base", "nothing", "base"]) }],
    ],
    [
      "a layer above the archive",
      "SOURCE_ARCHIVE",
      [...plain, { name: "manifest.json", content: manifest(["base", "../../etc/passwd", "base"]) }],
    ],
    [
      "a layer that is a number",
      "SOURCE_ARCHIVE",
      [...plain, { name: "manifest.json", content: manifest([1]) }],
    ],
    [
      "too few layers",
      "DOCUMENT_INVALID",
      [...plain, { name: "manifest.json", content: manifest(["base"]) }],
    ],
    [
      "layers in another order",
      "BLOB_DIGEST",
      [...plain, { name: "manifest.json", content: manifest(["top", "base", "base"]) }],
    ],
    [
      "a config that is not what its name says",
      "BLOB_DIGEST",
      [
        ...plain,
        { name: `${"0".repeat(64)}.json`, content: config },
        { name: "manifest.json", content: manifest(["base", "top", "base"], `${"0".repeat(64)}.json`) },
      ],
    ],
    [
      "links in a circle",
      "SOURCE_ARCHIVE",
      [
        ...plain,
        { name: "a", type: "symlink", linkTarget: "b" },
        { name: "b", type: "hardlink", linkTarget: "a" },
        { name: "manifest.json", content: manifest(["a", "top", "base"]) },
      ],
    ],
    [
      "a layer in bzip2",
      "LAYER_COMPRESSION",
      [
        ...plain,
        { name: "bz", content: "BZh91AY&SY" },
        { name: "manifest.json", content: manifest(["bz", "top", "base"]) },
      ],
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
  ])("of docker save: %s: %s", async (_, code, changedEntries) => {
    const path = await file("bad.tar", tarArchive(changedEntries));
    await expect(build(`docker-archive:${path}`)).rejects.toMatchObject({ code });
  });

  test("sound links within an archive are followed", async () => {
    const links: TarEntry[] = [
      { name: "d/one", type: "symlink", linkTarget: "../base" },
      { name: "two", type: "hardlink", linkTarget: "d/one" },
      { name: "manifest.json", content: manifest(["two", "./top", "/d//one"]) },
    ];
    const path = await file("links.tar", tarArchive([...plain, ...links]));
    expect(await build(`docker-archive:${path}`)).toEqual(await fromLayout(fixture("none")));
  });

  test("cut off anywhere, an archive is a typed error, or whole without its end blocks", async () => {
    const whole = tarArchive(entries);
    for (let length = 0; length < whole.length; length += 997 * 512 + 100) {
      const path = await file("cut.tar", whole.subarray(0, length));
      await expect(build(`oci-archive:${path}`)).rejects.toMatchObject({
        code: expect.stringMatching(/^(TAR_TRUNCATED|SOURCE_ARCHIVE|STORE_BLOB_MISSING)$/),
      });
    }
    const path = await file("cut.tar.gz", gzipSync(whole).subarray(0, 1000));
    await expect(build(`oci-archive:${path}`)).rejects.toMatchObject({ code: "LAYER_DECOMPRESS" });
    await expectNoSpool();
  });

  test("nothing, and what holds no image, on standard input", async () => {
    for (const content of [Buffer.alloc(0), base, Buffer.alloc(1024)])
      await expect(build("-", {}, bytes(content))).rejects.toMatchObject({ code: "SOURCE_ARCHIVE" });
    await expect(build("-", {}, bytes(Buffer.from("no tar at all".repeat(100))))).rejects.toMatchObject({
      code: "TAR_HEADER",
    });
    await expect(build("-")).rejects.toMatchObject({ code: "SOURCE_INVALID" });
    await expectNoSpool();
  });

  test("a stream that unpacks to more than the limits allow is SOURCE_LIMIT", async () => {
    const path = await file("bomb.tar.gz", gzipSync(Buffer.alloc(3_000_000)));
    await expect(
      build(`oci-archive:${path}`, { limits: { unpackedBytes: 2_000_000 } }),
    ).rejects.toMatchObject({ code: "SOURCE_LIMIT" });
    await expect(build(`tar:${path}`, { limits: { ratio: 2, ratioFloorBytes: 100 } })).rejects.toMatchObject({
      code: "SOURCE_LIMIT",
    });
    await expectNoSpool();
  });

  test("what is not there, or no file", async () => {
    for (const transport of ["oci-archive", "docker-archive", "tar"]) {
      await expect(build(`${transport}:${directory}/nothing`)).rejects.toMatchObject({
        code: "SOURCE_NOT_FOUND",
      });
      await mkdir(join(directory, "a-directory"), { recursive: true });
      await expect(build(`${transport}:${directory}/a-directory`)).rejects.toMatchObject({
        code: "SOURCE_INVALID",
      });
    }
  });

  test("a signal ends the wait for standard input, and nothing is left", async () => {
    async function* never(): AsyncGenerator<Uint8Array> {
      yield base.subarray(0, 700);
      controller.abort();
      yield base;
    }
    const controller = new AbortController();
    const store = join(directory, "store");
    const listing = listFiles({ source: "-" }, { store, input: never(), signal: controller.signal });
    await expect(listing).rejects.toMatchObject({ code: "CANCELLED" });
    await expectNoSpool();
  });
});
