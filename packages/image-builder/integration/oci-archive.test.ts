import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { imageIndex, layoutEntries, tarArchive, writeLayout, type TarEntry } from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { archivedImage, archiveDirectory, type Built } from "./archive-fixtures.ts";

const run = promisify(execFile);
const { place, file, build, buildFromLayout, expectNoSpool } = archiveDirectory();

describe("a tar of an OCI image layout makes the disk that the layout makes", () => {
  const content = archivedImage("gzip");
  const archive = tarArchive(layoutEntries({ "1": content, other: archivedImage("none") }));
  let expected: Built;
  beforeAll(async () => {
    expected = await buildFromLayout(content);
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
    const layout = place("by-digest");
    await writeLayout(layout, { all: index, other: archivedImage("none") });
    expect(await build(`oci:${layout}@${digest}`)).toEqual(expected);
    expect(await build(`oci:${layout}@${index.indexDescriptor.digest}`)).toEqual(expected);
  });

  test("with ./ before its names, as tar makes it of a directory", async () => {
    const layout = place("to-tar");
    await writeLayout(layout, { "1": content });
    const path = place("gnu.tar");
    await run("tar", ["-C", layout, "-cf", path, "."]);
    expect(await build(`oci-archive:${path}`)).toEqual(expected);
  });
});

describe("an OCI archive that lies or is damaged", () => {
  const content = archivedImage("gzip");
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
    const unended = await file("unended.tar", tarArchive(entries, { endBlocks: false }));
    expect(await build(`oci-archive:${unended}`)).toEqual(await buildFromLayout(content));
    await expectNoSpool();
  });
});
