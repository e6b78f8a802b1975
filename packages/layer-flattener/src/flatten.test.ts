import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { parseDigest } from "@bootlayer/image-spec";
import { sortedEntries, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { layerBlob, sha256Digest, tarArchive, type LayerBlob, type TarEntry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { fileBytes, flatten, keepContents, sourceOf } from "../integration/flatten-fixture.ts";
import { discardContents, flattenLayers, type FlattenEvent, type LayerSource } from "./index.ts";

const workers: Worker[] = [];
process.on("worker", (worker) => workers.push(worker));

/** All workers have ended: a program can do so too. */
function expectNothingLeft(): void {
  expect(workers.filter(({ threadId }) => threadId !== -1)).toEqual([]);
}

/** Over the size from which a layer is given to a thread. */
const large = (name: string): TarEntry => ({ name, content: randomBytes(1_500_000) });

describe("the walk from the top down", () => {
  test("bytes that upper layers hide are not written", async () => {
    const { statistics, contents } = await flatten([
      [
        { name: "a", content: "old a" },
        { name: "d/b", content: "b" },
        { name: "c", content: "c" },
      ],
      [{ name: "a", content: "new a" }, { name: "d/.wh..wh..opq" }],
    ]);
    expect(contents.given.map(({ data }) => data.toString())).toEqual(["new a", "c"]);
    expect(statistics).toMatchObject({
      entries: 5,
      contentBytes: 6,
      contentWrittenInVain: { files: 0, bytes: 0 },
      secondPassFiles: 0,
      secondPassLayers: 0,
    });
  });

  test("a hard link in an upper layer keeps a hidden name's bytes wanted: no second pass", async () => {
    const { tree, statistics } = await flatten([
      [{ name: "f", content: "bytes" }],
      [{ name: "g", type: "hardlink", linkTarget: "f" }, { name: ".wh.f" }],
    ]);
    expect(tree).toEqual({ g: '"bytes"' });
    expect(statistics.secondPassFiles).toBe(0);
  });

  test("hidden content that a hard link of its own layer keeps alive comes from a second pass", async () => {
    const events: FlattenEvent[] = [];
    const { tree, statistics } = await flatten(
      [
        [
          { name: "f", content: "kept alive" },
          { name: "other", content: "o" },
          { name: "g", type: "hardlink", linkTarget: "f" },
        ],
        [{ name: "f", content: "new" }],
      ],
      { onEvent: (event) => events.push(event) },
    );
    expect(tree).toEqual({ f: '"new"', g: '"kept alive"', other: '"o"' });
    expect(statistics).toMatchObject({ secondPassFiles: 1, secondPassLayers: 1, contentBytes: 14 });
    expect(events).toContainEqual(expect.objectContaining({ kind: "second-pass", layer: 0, files: 1 }));
  });

  test("a path that ran through a symlink which a middle layer changed comes from a second pass", async () => {
    const { tree, statistics } = await flatten([
      [
        { name: "one/f", content: "one's" },
        { name: "s", type: "symlink", linkTarget: "two" },
      ],
      [{ name: "s/f", content: "through s" }],
      [{ name: ".wh.s" }, { name: "s/f", content: "new" }],
    ]);
    expect(tree).toEqual({
      one: "/",
      "one/f": '"one\'s"',
      s: "/",
      "s/f": '"new"',
      two: "/",
      "two/f": '"through s"',
    });
    expect(statistics).toMatchObject({ secondPassFiles: 1, secondPassLayers: 1 });
  });

  test("content written in vain is counted and no node has it", async () => {
    const { contents, statistics, root } = await flatten([
      [
        { name: "lib", type: "symlink", linkTarget: "usr/lib" },
        { name: "usr/lib/x", content: "hidden by way of the symlink" },
      ],
      [{ name: "lib/x", content: "new" }],
    ]);
    expect(statistics.contentWrittenInVain).toEqual({ files: 1, bytes: 28 });
    expect(contents.given).toHaveLength(2);
    expect(contentsOf(root)).toEqual([0]);
  });

  test("a file of no bytes has no content; one that is all hole has", async () => {
    const sparse = {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "hole",
      "GNU.sparse.realsize": "5000",
    };
    const { contents, node } = await flatten([
      [{ name: "empty" }, { name: "hole", content: "0\n".padEnd(512, "\0"), pax: sparse }],
    ]);
    expect(node("empty")).toMatchObject({ size: 0, content: undefined });
    expect(node("hole")).toMatchObject({ size: 5000, content: 0 });
    expect(contents.given).toEqual([{ shape: { size: 5000, dataRegions: [] }, data: Buffer.alloc(0) }]);
  });

  test("discardContents gives the same tree", async () => {
    const layers = [layerBlob(tarArchive([{ name: "f", content: "x".repeat(5000) }]))].map((blob) =>
      sourceOf(blob),
    );
    const kept = await flattenLayers(layers, keepContents());
    const discarded = await flattenLayers(layers, discardContents());
    expect(discarded.statistics).toEqual(kept.statistics);
    expect(contentsOf(discarded.root)).toHaveLength(1);
  });
});

function contentsOf(root: DirectoryNode): unknown[] {
  return sortedEntries(root).flatMap(([, node]) =>
    node.kind === "file" ? [node.content] : node.kind === "directory" ? contentsOf(node) : [],
  );
}

describe("threads", () => {
  const entries = [
    [large("a"), { name: "small", content: "s" }, { name: "d/x", content: "lower" }],
    [large("b"), { name: "d/y", content: "y" }],
    [{ name: "d/x", content: "x" }],
    [large("c"), { name: "a2", type: "hardlink", linkTarget: "a" }, { name: ".wh.a" }],
    [large("d/e"), { name: "small", content: "new" }],
  ];
  const blobs = entries.map((layer, index) =>
    layerBlob(tarArchive(layer), (["gzip", "zstd", "none"] as const)[index % 3]),
  );

  test.each([0, 1, 2, 3, 8])(
    "%i of them, in any timing, give the same tree and contents",
    async (threads) => {
      const expected = await flatten(blobs, { readAheadThreads: 0 });
      const result = await flatten(blobs, {
        readAheadThreads: threads,
        jitter: () => delay(Math.random() * 3),
      });
      expect(result.tree).toEqual(expected.tree);
      expect(result.statistics).toEqual(expected.statistics);
      expect(result.contents.given.map(({ data }) => sha256Digest(data))).toEqual(
        expected.contents.given.map(({ data }) => sha256Digest(data)),
      );
      expect(
        fileBytes(result.node("a2"), result.contents).equals(Buffer.from(entries[0]?.[0]?.content ?? "")),
      ).toBe(true);
    },
  );

  test("an archive much larger than the threads' memory passes whole", async () => {
    const blob = layerBlob(
      tarArchive([{ name: "f", content: Buffer.alloc(60_000_000, randomBytes(2_000_000)) }]),
    );
    const result = await flatten([blob, ...blobs], { readAheadThreads: 2 });
    expect(result.node("f")).toMatchObject({ size: 60_000_000 });
  });

  test("one worker unpacks several layers, and all have ended when the result is there", async () => {
    const before = workers.length;
    await flatten([...blobs, ...blobs], { readAheadThreads: 2 });
    expect(workers).toHaveLength(before + 2);
    expectNothingLeft();
  });

  test("layers under 1 MiB start no thread", async () => {
    const before = workers.length;
    await flatten([[{ name: "f", content: "x".repeat(900_000) }]]);
    expect(workers).toHaveLength(before);
  });

  test.each([0, 2])("events tell of each layer's bytes and end (%i threads)", async (readAheadThreads) => {
    const events: FlattenEvent[] = [];
    await flatten(blobs, { readAheadThreads, onEvent: (event) => events.push(event) });
    const verified = events.filter(({ kind }) => kind === "layer-verified");
    expect(verified.map(({ layer }) => layer)).toEqual([4, 3, 2, 1, 0]);
    for (const [layer, blob] of blobs.entries()) {
      const last = events.findLast((event) => event.kind === "layer-bytes" && event.layer === layer);
      const size = blob.bytes.length;
      expect(last).toMatchObject({ digest: blob.descriptor.digest, bytes: size, totalBytes: size });
      expect(verified).toContainEqual(
        expect.objectContaining({ layer, entries: entries[layer]?.length, unpackedBytes: blob.tar.length }),
      );
    }
  });
});

describe.each([0, 2])("failures, with %i threads", (readAheadThreads) => {
  const options = { readAheadThreads };
  const good = layerBlob(tarArchive([large("good")]));
  const blob = layerBlob(tarArchive([large("f")]));
  const flattenSources = (sources: readonly LayerSource[], more = {}) =>
    flattenLayers(sources, discardContents(), { ...options, ...more });

  const damaged = Buffer.from(blob.bytes);
  damaged[700_000] = (damaged[700_000] ?? 0) ^ 1;
  const truncatedTar = blob.tar.subarray(0, 1_000_000);

  const cases: readonly (readonly [string, string, LayerBlob])[] = [
    ["a blob that does not match its digest", "BLOB_DIGEST", { ...blob, bytes: damaged }],
    ["a blob cut off", "BLOB_SIZE", { ...blob, bytes: blob.bytes.subarray(0, 1_200_000) }],
    ["a wrong diff ID", "LAYER_DIFF_ID", { ...blob, diffId: good.diffId }],
    ["an archive cut off", "TAR_TRUNCATED", layerBlob(truncatedTar)],
    [
      "a compression that is not supported",
      "LAYER_COMPRESSION",
      layerBlob(Buffer.concat([Buffer.from("BZh91AY&SY"), randomBytes(1_200_000)]), "none"),
    ],
    [
      "gzip damaged before it was digested",
      "LAYER_DECOMPRESS",
      { ...layerBlob(damaged, "none"), diffId: blob.diffId },
    ],
  ];

  test.each(cases)("%s is %s", async (_, code, bad) => {
    const sources = [good, bad, good].map((layer) => sourceOf(layer));
    await expect(flattenSources(sources)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(bad.descriptor.digest),
    });
    expectNothingLeft();
  });

  test("a plain archive damaged on the way is BLOB_DIGEST and not what the damage looks like", async () => {
    const plain = layerBlob(blob.tar, "none");
    const bytes = Buffer.from(plain.bytes);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await expect(flattenSources([sourceOf({ ...plain, bytes })])).rejects.toMatchObject({
      code: "BLOB_DIGEST",
    });
  });

  test("a source that fails rejects with its own error, whichever layer it is", async () => {
    const fault = new Error("connection lost");
    const failing: LayerSource = {
      ...sourceOf(blob),
      async *open() {
        yield blob.bytes.subarray(0, 1_000_000);
        throw fault;
      },
    };
    for (const sources of [
      [sourceOf(good), failing],
      [failing, sourceOf(good)],
    ])
      await expect(flattenSources(sources)).rejects.toBe(fault);
    expectNothingLeft();
  });

  test("an image writer that fails rejects with its own error", async () => {
    const fault = new Error("no space left");
    const full = { openContent: () => ({ write: () => Promise.reject(fault), close: () => expect.fail() }) };
    await expect(flattenLayers([sourceOf(blob), sourceOf(good)], full, options)).rejects.toBe(fault);
    expectNothingLeft();
  });

  test("abort rejects at once with the signal's reason, also while a source never answers", async () => {
    const controller = new AbortController();
    const given: AbortSignal[] = [];
    const stuck: LayerSource = {
      ...sourceOf(blob),
      async *open(signal) {
        given.push(signal);
        yield blob.bytes.subarray(0, 1000);
        await new Promise(() => {});
      },
    };
    const reason = new Error("enough");
    const flattening = flattenSources([sourceOf(good), stuck], { signal: controller.signal });
    await expect.poll(() => given.length).toBeGreaterThan(0);
    controller.abort(reason);
    await expect(flattening).rejects.toBe(reason);
    expect(given[0]?.aborted).toBe(true);
    expectNothingLeft();
  });

  test("a signal that is aborted already rejects before any source is opened", async () => {
    let opened = 0;
    const source: LayerSource = {
      ...sourceOf(blob),
      open: (signal) => {
        opened++;
        return sourceOf(blob).open(signal);
      },
    };
    const signal = AbortSignal.abort(new Error("never mind"));
    await expect(flattenSources([source], { signal })).rejects.toThrow("never mind");
    expect(opened).toBe(0);
  });

  test("a second pass over a source that changed is an error", async () => {
    const layer = [large("f"), { name: "g", type: "hardlink", linkTarget: "f" }];
    const [first, second] = [layerBlob(tarArchive(layer)), layerBlob(tarArchive([large("x")]))];
    let opened = 0;
    const changing: LayerSource = {
      ...sourceOf(first),
      open: (signal) => sourceOf(opened++ === 0 ? first : second).open(signal),
    };
    const top = sourceOf(layerBlob(tarArchive([{ name: "f", content: "hides" }])));
    await expect(flattenSources([changing, top])).rejects.toMatchObject({
      code: expect.stringMatching(/^(BLOB_|LAYER_)/),
    });
    expect(opened).toBe(2);
  });
});

describe("limits", () => {
  const files = Array.from({ length: 20 }, (_, index) => ({ name: `${index}`, content: "x" }));

  test("entries count over all layers together", async () => {
    await expect(flatten([files, files], { limits: { entries: 39 } })).rejects.toMatchObject({
      code: "LAYER_LIMIT",
      message: expect.stringContaining("39 entries"),
    });
    await expect(flatten([files, files], { limits: { entries: 40 } })).resolves.toBeDefined();
  });

  test("unpacked bytes count over all layers together", async () => {
    const bytes = tarArchive(files).length;
    await expect(flatten([files, files], { limits: { unpackedBytes: 2 * bytes - 1 } })).rejects.toMatchObject(
      {
        code: "LAYER_LIMIT",
      },
    );
    await expect(flatten([files, files], { limits: { unpackedBytes: 2 * bytes } })).resolves.toBeDefined();
  });

  test("a bomb is LAYER_LIMIT: over its ratio and over the floor", async () => {
    const bomb = layerBlob(tarArchive([{ name: "zeros", content: Buffer.alloc(3_000_000) }]));
    await expect(
      flatten([bomb], { limits: { ratio: 100, ratioFloorBytes: 2_000_000 } }),
    ).rejects.toMatchObject({
      code: "LAYER_LIMIT",
      message: expect.stringContaining(bomb.descriptor.digest),
    });
    await expect(flatten([bomb], { limits: { ratio: 100 } })).resolves.toBeDefined();
    await expect(flatten([bomb], { limits: { ratio: 1100, ratioFloorBytes: 1 } })).resolves.toBeDefined();
  });

  const deep = "d/".repeat(30);
  test.each([
    ["pathBytes", 59, "TAR_LIMIT", [{ name: `${deep}f`, content: "" }]],
    ["nameBytes", 10, "TAR_LIMIT", [{ name: "d/elevenbytes" }]],
    ["linkTargetBytes", 5, "TAR_LIMIT", [{ name: "s", type: "symlink", linkTarget: "sixsix" }]],
    ["depth", 29, "LAYER_LIMIT", [{ name: `${deep}f` }]],
    [
      "xattrs",
      1,
      "TAR_LIMIT",
      [{ name: "f", pax: { "SCHILY.xattr.user.a": "", "SCHILY.xattr.user.b": "" } }],
    ],
    ["xattrNameBytes", 5, "TAR_LIMIT", [{ name: "f", pax: { "SCHILY.xattr.user.a": "" } }]],
    ["xattrValueBytes", 3, "TAR_LIMIT", [{ name: "f", pax: { "SCHILY.xattr.user.a": "four" } }]],
    ["paxBytes", 20, "TAR_LIMIT", [{ name: "f", pax: { comment: "over twenty bytes long" } }]],
    ["metadataBytes", 100, "LAYER_LIMIT", [{ name: deep }, { name: `${deep}f` }]],
  ] as const)("%s over %i is %s, naming layer and entry", async (limit, value, code, entries) => {
    await expect(flatten([entries], { limits: { [limit]: value } })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/layer sha256:[0-9a-f]{64}/),
    });
    await expect(flatten([entries])).resolves.toBeDefined();
  });

  test("a path deeper than the limit by way of a symlink is LAYER_LIMIT", async () => {
    const layers = [
      [{ name: "s", type: "symlink", linkTarget: "a/b/c/d" }],
      [{ name: "s/e/f", content: "f" }],
    ];
    await expect(flatten(layers, { limits: { depth: 4 } })).rejects.toMatchObject({ code: "LAYER_LIMIT" });
  });

  test.each([
    { limits: { entries: 0 } },
    { limits: { nameBytes: 256 } },
    { limits: { unknown: 1 } as object },
    { readAheadThreads: -1 },
    { readAheadThreads: 1.5 },
  ])("%j is FLATTEN_OPTIONS", async (options) => {
    await expect(flatten([], options)).rejects.toMatchObject({ code: "FLATTEN_OPTIONS" });
  });
});

test("a blob is unpacked as what it is, whatever its media type says", async () => {
  const archive = tarArchive([{ name: "f", content: "f" }]);
  const mislabelled = (["gzip", "zstd", "none"] as const).map((wrapping) => ({
    ...layerBlob(archive, wrapping),
    descriptor: {
      ...layerBlob(archive, wrapping).descriptor,
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    },
  }));
  await expect(flatten(mislabelled)).resolves.toMatchObject({ tree: { f: '"f"' } });
});

test("a media type that is no layer is refused before anything is read", async () => {
  const source: LayerSource = {
    descriptor: {
      mediaType: "application/vnd.oci.image.layer.v1.tar+encrypted",
      digest: parseDigest(sha256Digest(gzipSync(""))),
      size: 9,
    },
    diffId: parseDigest(sha256Digest(Buffer.alloc(0))),
    open: () => expect.fail("opened"),
  };
  await expect(flattenLayers([source], discardContents())).rejects.toMatchObject({
    code: "MEDIA_TYPE_UNSUPPORTED",
  });
});
