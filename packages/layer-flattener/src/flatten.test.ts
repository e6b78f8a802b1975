import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { gzipSync } from "node:zlib";
import { parseDigest } from "@bootlayer/image-spec";
import { layerBlob, sha256Digest, tarArchive, type LayerBlob, type TarEntry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { fileBytes, flatten, sourceOf } from "../integration/flatten-fixture.ts";
import { discardContents, flattenLayers, type FlattenEvent, type LayerSource } from "./index.ts";

const workers: Worker[] = [];
process.on("worker", (worker) => workers.push(worker));

/** All workers have ended: a program can do so too. */
function expectNothingLeft(): void {
  expect(workers.filter(({ threadId }) => threadId !== -1)).toEqual([]);
}

/** Over the size from which a layer is given to a thread. */
const large = (name: string): TarEntry => ({ name, content: randomBytes(1_500_000) });

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
    const full = {
      maxOpenContents: 2,
      openContent: () => ({ write: () => Promise.reject(fault), close: () => expect.fail() }),
    };
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
