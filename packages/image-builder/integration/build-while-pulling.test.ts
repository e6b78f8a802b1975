import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  byteGate,
  image,
  layerBlob,
  startRegistry,
  tarArchive,
  writeLayout,
  type ByteGate,
  type FixtureImage,
  type LayerCompression,
  type Registry,
  type RegistryOptions,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildDisk, type BuildEvent, type BuildResult, type Environment } from "../src/index.ts";

const MiB = 2 ** 20;

/** Bytes that do not compress, always the same. */
function noise(name: string, length: number): Buffer {
  return createHash("shake256", { outputLength: length }).update(name).digest();
}

/** Layers of so many MiB, the base layer first; each holds a file of its own and one that the next one replaces. */
function layeredImage(sizes: readonly number[], compression: LayerCompression = "gzip"): FixtureImage {
  return image(
    sizes.map((size, index) =>
      layerBlob(
        tarArchive([
          { name: `layer-${index}`, content: noise(`own ${index}`, size * MiB) },
          { name: "common", content: `by ${index}\n` },
        ]),
        compression,
      ),
    ),
  );
}

let directory: string;
let registry: Registry | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-pulling-"));
  await mkdir(join(directory, "output"));
});
afterEach(async () => {
  await registry?.close();
  registry = undefined;
  await rm(directory, { recursive: true, force: true });
});

async function serve(served: FixtureImage, fault: RegistryOptions["fault"]): Promise<Registry> {
  registry = await startRegistry({ images: { "a/b:1": served }, ...(fault && { fault }) });
  return registry;
}

function build(
  host: string,
  { disk = "disk", store = "store", ...environment }: Partial<Environment> & { disk?: string } = {},
): Promise<BuildResult> {
  return buildDisk(
    {
      source: `${host}/a/b:1`,
      output: join(directory, "output", disk),
      platform: "linux/amd64",
      cache: false,
      sha256: true,
    },
    { ...environment, store: join(directory, store) },
  );
}

/** A gate for each blob, by digest. */
function gates(): { of(digest: string): ByteGate; fault: NonNullable<RegistryOptions["fault"]> } {
  const made = new Map<string, ByteGate>();
  const of = (digest: string): ByteGate => {
    const gate = made.get(digest) ?? byteGate();
    made.set(digest, gate);
    return gate;
  };
  return {
    of,
    fault({ path }) {
      const digest = path.split("/blobs/")[1];
      return digest === undefined ? undefined : { kind: "gated", gate: of(digest) };
    },
  };
}

function layerDigest(of: FixtureImage, index: number): string {
  return String(of.layers.at(index)?.descriptor.digest);
}

function blobRequests({ requests }: Registry): string[] {
  return requests.flatMap(({ path }) => path.split("/blobs/")[1] ?? []);
}

async function storedBlobs(store = "store"): Promise<string[]> {
  return (await readdir(join(directory, store, "blobs/sha256"))).map((hex) => `sha256:${hex}`);
}

describe("building while pulling", () => {
  test.for(["gzip", "zstd", "none"] as const)(
    "flattening (%s) has begun while the rest of the top layer is still to come",
    async (compression) => {
      const served = layeredImage([1, 6], compression);
      const gate = gates();
      const { host } = await serve(served, gate.fault);
      gate.of(served.configDescriptor.digest).open();
      gate.of(layerDigest(served, 0)).open();
      const top = gate.of(layerDigest(served, 1));
      top.release(3 * MiB);
      let hasBegun = false;
      // The gate opens for nothing else: a build that waits for the last byte before the first is read never ends.
      const result = await build(host, {
        onEvent(event) {
          if (event.kind === "layer-bytes" && event.layer === 1 && event.bytes >= MiB && !hasBegun) {
            hasBegun = true;
            top.open();
          }
        },
      });
      expect(hasBegun).toBe(true);
      const [, report] = result.layers;
      expect(report?.flattening).toBeLessThan(report?.lastByte ?? 0);
      const stage = (name: string) => result.stages.find(({ stage }) => stage === name);
      expect(stage("flatten")?.start).toBeLessThan(stage("pull")?.end ?? 0);
    },
  );

  test("layers are asked for from the top down, the two that are read and one ahead, the next when one ends", async () => {
    const served = layeredImage([2, 2, 2, 2, 2]);
    const gate = gates();
    const running = await serve(served, gate.fault);
    const config = served.configDescriptor.digest;
    gate.of(config).open();
    const topDown = [4, 3, 2, 1, 0].map((index) => layerDigest(served, index));
    const events: BuildEvent[] = [];
    const asked = (): string[] =>
      events.flatMap((event) => (event.kind === "blob-requested" ? [event.digest] : []));
    let seen = 0;
    const result = await build(running.host, {
      onEvent(event) {
        events.push(event);
        // Three are asked for and nothing of them comes: now, one by one, the oldest may.
        if (event.kind === "blob-requested" && asked().length === 3) gate.of(topDown[0] ?? "").open();
        if (event.kind === "blob-stored" && topDown.includes(event.digest)) {
          seen++;
          expect(asked().length).toBeLessThanOrEqual(seen + 2);
          gate.of(topDown[seen] ?? "").open();
        }
      },
    });
    expect(asked()).toEqual(topDown);
    expect(blobRequests(running)[0]).toBe(config);
    expect(result.layers.map(({ flattened }) => flattened !== undefined)).toEqual(Array(5).fill(true));
    for (const { requested = NaN, firstByte = NaN, lastByte = NaN, flattened = NaN } of result.layers) {
      const instants = [requested, firstByte, lastByte, flattened];
      expect(instants).toEqual(instants.toSorted((a, b) => a - b));
    }
  });

  test("a disk is the same, byte by byte, from a registry however its bytes come, a filled store and a layout", async () => {
    const served = layeredImage([3, 1, 4, 2]);
    const gate = gates();
    const { host } = await serve(served, gate.fault);
    for (const { digest } of [served.configDescriptor, ...served.layers.map((layer) => layer.descriptor)]) {
      const trickle = setInterval(() => gate.of(digest).release(300_007), 3);
      trickle.unref();
    }
    const arriving = await build(host);
    const stored = await build(host, { disk: "stored" });
    expect(stored.layers.map(({ cached }) => cached)).toEqual([true, true, true, true]);
    await writeLayout(join(directory, "layout"), { a: served });
    const layout = await buildDisk(
      {
        source: `oci:${join(directory, "layout")}:a`,
        output: join(directory, "output/layout"),
        platform: "linux/amd64",
        cache: false,
      },
      { store: join(directory, "other") },
    );
    expect(layout.key).toBe(arriving.key);
    const disks = await Promise.all(
      ["disk", "stored", "layout"].map((name) => readFile(join(directory, "output", name))),
    );
    expect(disks.map((disk) => Buffer.compare(disk, disks[0] ?? Buffer.alloc(0)))).toEqual([0, 0, 0]);
    expect(arriving.sha256).toBe(stored.sha256);
  });
});

describe("a build that fails", () => {
  test("a wrong digest, found with the last byte, leaves neither a disk nor a blob nor a part of one", async () => {
    const served = layeredImage([1, 4], "none");
    const top = served.layers[1];
    const { host } = await serve(served, ({ path }) =>
      path.endsWith(layerDigest(served, 1))
        ? { kind: "corrupt", atByte: (top?.bytes.length ?? 0) - 1 }
        : undefined,
    );
    await expect(build(host)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
    expect(await readdir(join(directory, "output"))).toEqual([]);
    expect(await storedBlobs()).not.toContain(layerDigest(served, 1));
    const left = await readdir(join(directory, "store/.bootlayer/ingest"));
    expect(left.filter((name) => name.includes(layerDigest(served, 1).slice(7)))).toEqual([]);
    const index = await readFile(join(directory, "store/index.json"), "utf8");
    expect(JSON.parse(index)).toMatchObject({ manifests: [] });
  });

  test("what had arrived when it was cancelled is gone on from by the next one", async () => {
    const served = layeredImage([1, 6]);
    const gate = gates();
    const running = await serve(served, gate.fault);
    gate.of(served.configDescriptor.digest).open();
    gate.of(layerDigest(served, 1)).release(4 * MiB);
    const cancelled = new AbortController();
    const first = build(running.host, {
      signal: cancelled.signal,
      onEvent: (event) =>
        event.kind === "layer-bytes" && event.bytes >= 2 * MiB && cancelled.abort(new Error("enough")),
    });
    await expect(first).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await readdir(join(directory, "output"))).toEqual([]);
    expect(await storedBlobs()).not.toContain(layerDigest(served, 1));

    gate.of(layerDigest(served, 0)).open();
    gate.of(layerDigest(served, 1)).open();
    const resumed: number[] = [];
    const second = await build(running.host, {
      onEvent: (event) => event.kind === "blob-requested" && resumed.push(event.bytes),
    });
    expect(Math.max(...resumed)).toBeGreaterThanOrEqual(2 * MiB);
    const ranges = running.requests.flatMap(({ headers }) => headers.range ?? []);
    expect(ranges).toContain(`bytes=${Math.max(...resumed)}-`);
    const whole = await build(running.host, { store: "another", disk: "whole" });
    expect(second.sha256).toBe(whole.sha256);
  });

  test("it fails at once where a lower layer is missing, however long the upper one would still take", async () => {
    const served = layeredImage([2, 4]);
    const gate = gates();
    const { host } = await serve(served, (request) =>
      request.path.endsWith(layerDigest(served, 0)) ? { kind: "status", status: 404 } : gate.fault(request),
    );
    gate.of(served.configDescriptor.digest).open();
    gate.of(layerDigest(served, 1)).release(2 * MiB);
    await expect(build(host)).rejects.toMatchObject({ code: "REGISTRY_NOT_FOUND" });
    expect(await readdir(join(directory, "output"))).toEqual([]);
  });
});
