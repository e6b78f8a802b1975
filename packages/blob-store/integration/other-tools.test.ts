import { execFile } from "node:child_process";
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseDigest, type Descriptor } from "@bootlayer/image-spec";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  tarArchive,
  writeLayout,
  type FixtureImage,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  ingestBytes,
  listImages,
  openBlobStore,
  openLayout,
  readBlob,
  resolveImageInLayout,
  tagImage,
  untagImage,
  type BlobStore,
} from "../src/index.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "blob-store-"));
});
afterEach(() => rm(directory, { recursive: true }));

const run = promisify(execFile);
const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const layers = ["lower", "upper"].map((name) =>
  layerBlob(tarArchive([{ name, content: name.repeat(1000) }])),
);
const fixture = image(layers, { config: { Cmd: ["/bin/true"] } });

function descriptorOf({ digest, ...rest }: FixtureImage["manifestDescriptor"]): Descriptor {
  return { ...rest, digest: parseDigest(digest) };
}

/** As a pull does: the blobs first, then the manifest, then the name. */
async function store(image: FixtureImage, ...names: string[]): Promise<BlobStore> {
  const store = await openBlobStore(join(directory, "store"));
  for (const layer of image.layers) await ingestBytes(store, descriptorOf(layer.descriptor), layer.bytes);
  await ingestBytes(store, descriptorOf(image.configDescriptor), image.config);
  await ingestBytes(store, descriptorOf(image.manifestDescriptor), image.manifest);
  for (const name of names) await tagImage(store, name, descriptorOf(image.manifestDescriptor));
  return store;
}

const forArm64 = image(layers, { architecture: "arm64" });

/** As two pulls do, one after the other. */
async function storeTwoPlatforms(): Promise<BlobStore> {
  const opened = await store(fixture);
  await store(forArm64);
  for (const [{ manifestDescriptor }, platform] of [
    [fixture, amd64],
    [forArm64, arm64],
  ] as const)
    await tagImage(opened, "example.com/two:1", { ...descriptorOf(manifestDescriptor), platform });
  return opened;
}

const skopeo = requireJudge("skopeo");
describe.skipIf(skopeo.skip)(`skopeo${skopeo.reason}`, () => {
  test.for(["3.22", "docker.io/library/alpine:3.22", "localhost:5000/a/b:latest"])(
    "finds the image that we named %s",
    async (name) => {
      const { directory } = await store(fixture, "other", name);
      const { stdout } = await run("skopeo", ["inspect", `oci:${directory}:${name}`]);
      expect(JSON.parse(stdout)).toMatchObject({
        Digest: fixture.manifestDescriptor.digest,
        Layers: layers.map((layer) => layer.descriptor.digest),
      });
    },
  );

  test("finds each platform of a name that several were pulled under, and copies them all", async () => {
    const opened = await storeTwoPlatforms();
    const source = `oci:${opened.directory}:example.com/two:1`;
    for (const [architecture, expected] of [
      ["amd64", fixture],
      ["arm64", forArm64],
    ] as const) {
      const flags = ["--override-os", "linux", "--override-arch", architecture];
      const { stdout } = await run("skopeo", [...flags, "inspect", "--config", source]);
      expect(JSON.parse(stdout)).toEqual(JSON.parse(expected.config.toString()));
    }
    const target = join(directory, "copy");
    await run("skopeo", ["copy", "--all", source, `oci:${target}:all`]);
    expect(await resolveImageInLayout(await openLayout(target), "all", arm64)).toMatchObject({
      descriptor: { digest: forArm64.manifestDescriptor.digest },
    });
  });

  test("copies an image out of our store, every blob right", async () => {
    await store(fixture, "3.22");
    const target = join(directory, "copy");
    await run("skopeo", ["copy", `oci:${join(directory, "store")}:3.22`, `dir:${target}`]);
    for (const { descriptor, bytes } of layers)
      expect((await readFile(join(target, descriptor.digest.slice(7)))).equals(bytes)).toBe(true);
  });

  test("writes a layout that we read: an image", async () => {
    await store(fixture, "in");
    const target = join(directory, "copy");
    await run("skopeo", ["copy", `oci:${join(directory, "store")}:in`, `oci:${target}:example.com/out:2`]);
    const layout = await openLayout(target);
    const found = await resolveImageInLayout(layout, "example.com/out:2", amd64);
    expect(found.config.config?.Cmd).toEqual(["/bin/true"]);
    for (const [position, layer] of found.manifest.layers.entries())
      for await (const chunk of readBlob(layout, layer))
        expect(layers[position]?.bytes.equals(chunk)).toBe(true);
  });

  test("writes a layout that we read: an index of platforms", async () => {
    const index = imageIndex([
      { image: fixture, platform: amd64 },
      { image: forArm64, platform: arm64 },
    ]);
    const source = join(directory, "source");
    await writeLayout(source, { multi: index });
    const target = join(directory, "copy");
    await run("skopeo", ["copy", "--all", `oci:${source}:multi`, `oci:${target}:multi`]);
    const found = await resolveImageInLayout(await openLayout(target), "multi", arm64);
    expect(found.descriptor.digest).toBe(forArm64.manifestDescriptor.digest);
    expect(found.indexDescriptor?.digest).toBe(index.indexDescriptor.digest);
  });

  test("writes an image into our store whose layers are there, and both see both images", async () => {
    const { directory: ours } = await store(fixture, "ours");
    const source = join(directory, "source");
    await writeLayout(source, { theirs: image(layers, { created: "2001-01-01T00:00:00Z" }) });
    await run("skopeo", ["copy", `oci:${source}:theirs`, `oci:${ours}:theirs`]);
    expect((await listImages(await openLayout(ours))).map(({ name }) => name)).toEqual(["ours", "theirs"]);
    await store(image([]), "ours-too");
    for (const [name, created] of [
      ["ours", "2024"],
      ["theirs", "2001"],
    ] as const) {
      const { stdout } = await run("skopeo", ["inspect", `oci:${ours}:${name}`]);
      expect(JSON.parse(stdout)).toHaveProperty("Created", expect.stringContaining(created));
    }
  });
});

const umoci = requireJudge("umoci");
describe.skipIf(umoci.skip)(`umoci${umoci.reason}`, () => {
  test("lists the names in our store and not what was untagged", async () => {
    const opened = await store(fixture, "3.22", "docker.io/library/alpine:3.22", "gone");
    await untagImage(opened, "gone");
    const { stdout } = await run("umoci", ["ls", "--layout", opened.directory]);
    expect(stdout.trim().split("\n").toSorted()).toEqual(["3.22", "docker.io/library/alpine:3.22"]);
  });

  test("lists a name of several platforms once, and collects none of them", async () => {
    const opened = await storeTwoPlatforms();
    const { stdout } = await run("umoci", ["ls", "--layout", opened.directory]);
    expect(stdout.trim()).toBe("example.com/two:1");
    await run("umoci", ["gc", "--layout", opened.directory]);
    expect(await resolveImageInLayout(opened, "example.com/two:1", arm64)).toHaveProperty("config");
    expect(await resolveImageInLayout(opened, "example.com/two:1", amd64)).toHaveProperty("config");
  });

  test("reads the history of an image of our store", async () => {
    const { directory } = await store(fixture, "3.22");
    const { stdout } = await run("umoci", ["stat", "--json", "--image", `${directory}:3.22`]);
    expect(JSON.parse(stdout)).toHaveProperty("history");
  });

  test("collects garbage in our store without harm to what is named or under way", async () => {
    const opened = await store(fixture, "3.22");
    await store(image([], { created: "2001-01-01T00:00:00Z" }));
    const ingest = await readdir(join(opened.directory, ".bootlayer"));
    await run("umoci", ["gc", "--layout", opened.directory]);
    expect((await readdir(join(opened.directory, "blobs/sha256"))).length).toBe(layers.length + 2);
    expect(await readdir(join(opened.directory, ".bootlayer"))).toEqual(ingest);
    expect(await resolveImageInLayout(opened, "3.22", amd64)).toHaveProperty("config");
  });

  test("makes layouts that we read, new and emptied, and name images in", async () => {
    const layout = join(directory, "store");
    await run("umoci", ["init", "--layout", layout]);
    await run("umoci", ["new", "--image", `${layout}:new`]);
    expect((await listImages(await openLayout(layout))).map(({ name }) => name)).toEqual(["new"]);
    await run("umoci", ["rm", "--image", `${layout}:new`]);
    expect(await listImages(await openLayout(layout))).toEqual([]);
    await store(fixture, "ours");
    const copy = join(directory, "copy");
    await cp(layout, copy, { recursive: true });
    const { stdout } = await run("umoci", ["ls", "--layout", copy]);
    expect(stdout.trim()).toBe("ours");
  });
});
