import { execFileSync } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  startRegistry,
  tarArchive,
  type Registry,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listStoredImages, pullImage, removeImages, type BuildEvent } from "../src/index.ts";

const base = layerBlob(tarArchive([{ name: "base", content: "base" }]));
const amd = image([base, layerBlob(tarArchive([{ name: "amd", content: "amd" }]))]);
const arm = image([base, layerBlob(tarArchive([{ name: "arm", content: "arm" }]), "zstd")], {
  architecture: "arm64",
});
const linux = (architecture: string) => ({ os: "linux", architecture });
const both = imageIndex([
  { image: amd, platform: linux("amd64") },
  { image: arm, platform: linux("arm64") },
]);

let store: string;
let registry: Registry;
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "bootlayer-pull-"));
  registry = await startRegistry({ images: { "a/b:1": both, "a/b:amd": amd } });
});
afterEach(async () => {
  await registry.close();
  await rm(store, { recursive: true, force: true });
});

async function blobs(): Promise<readonly string[]> {
  return (await readdir(join(store, "blobs/sha256"))).map((hex) => `sha256:${hex}`).toSorted();
}

function digestsOf(...images: readonly (typeof amd)[]): string[] {
  const all = images.flatMap(({ manifestDescriptor, configDescriptor, layers }) => [
    manifestDescriptor.digest,
    configDescriptor.digest,
    ...layers.map(({ descriptor }) => descriptor.digest),
  ]);
  return [...new Set<string>(all)].toSorted();
}

test("one platform's image comes whole, and gets the reference's full name last", async () => {
  const events: BuildEvent[] = [];
  const result = await pullImage(
    { source: `${registry.host}/a/b:1`, platform: "linux/arm64" },
    { store, onEvent: (event) => events.push(event) },
  );
  expect(result).toMatchObject({
    name: `${registry.host}/a/b:1`,
    digest: arm.manifestDescriptor.digest,
    platforms: [linux("arm64")],
    downloadedBytes: arm.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
  });
  expect(await blobs()).toEqual(digestsOf(arm));
  expect((await listStoredImages({ store })).map(({ name }) => name)).toEqual([`${registry.host}/a/b:1`]);
  expect(events.map(({ kind }) => kind)).toContain("transfer-started");
});

test("all platforms come with their index, a shared layer once", async () => {
  const result = await pullImage({ source: `${registry.host}/a/b:1`, allPlatforms: true }, { store });
  expect(result).toMatchObject({
    digest: both.indexDescriptor.digest,
    platforms: [linux("amd64"), linux("arm64")],
  });
  expect(await blobs()).toEqual([...digestsOf(amd, arm), both.indexDescriptor.digest].toSorted());
  const asked = registry.requests.filter(({ path }) => path.endsWith(base.descriptor.digest));
  expect(asked).toHaveLength(1);
});

test("all platforms and one of them are not asked for together", async () => {
  const request = { source: `${registry.host}/a/b:1`, allPlatforms: true, platform: "linux/amd64" };
  await expect(pullImage(request, { store })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
  expect(registry.requests).toEqual([]);
});

test("what the store has is not asked for again; other names share it", async () => {
  await pullImage({ source: `${registry.host}/a/b:1`, allPlatforms: true }, { store });
  const before = registry.requests.length;
  const result = await pullImage({ source: `${registry.host}/a/b:amd`, platform: "amd64" }, { store });
  expect(result.downloadedBytes).toBe(0);
  expect(result.blobs.map(({ cached }) => cached)).toEqual([true, true]);
  const layers = amd.layers.map(({ descriptor }) => descriptor.digest);
  const asked = registry.requests.slice(before).map(({ path }) => path);
  expect(asked.filter((path) => layers.some((digest) => path.endsWith(digest)))).toEqual([]);
});

test.each([
  ["one platform's", { platform: "linux/arm64" }],
  ["that of all platforms", { allPlatforms: true }],
])("an image that is there, %s, costs one request, and the store is left as it is", async (_, wanted) => {
  const request = { source: `${registry.host}/a/b:1`, ...wanted };
  const first = await pullImage(request, { store });
  const before = registry.requests.length;
  const { ino, mtimeMs } = await stat(join(store, "index.json"));
  const again = await pullImage(request, { store });
  expect(registry.requests.slice(before).map(({ path }) => path)).toEqual(["/v2/a/b/manifests/1"]);
  expect(await stat(join(store, "index.json"))).toMatchObject({ ino, mtimeMs });
  expect(again).toMatchObject({ digest: first.digest, bytes: first.bytes, downloadedBytes: 0 });
  expect(again.blobs.every(({ cached }) => cached)).toBe(true);
  expect(new Set(again.blobs.map(({ digest }) => digest))).toEqual(
    new Set(first.blobs.map(({ digest }) => digest)),
  );
});

test.each(["config", "layer", "manifest"])(
  "a %s that is lost is brought again, though the image has its name",
  async (lost) => {
    const request = { source: `${registry.host}/a/b:amd`, platform: "amd64" };
    await pullImage(request, { store });
    const { digest } =
      {
        config: amd.configDescriptor,
        layer: base.descriptor,
        manifest: amd.manifestDescriptor,
      }[lost] ?? base.descriptor;
    await rm(join(store, "blobs/sha256", digest.replace("sha256:", "")));
    await pullImage(request, { store });
    expect(await blobs()).toEqual(digestsOf(amd));
  },
);

test("a config that is damaged is taken from the registry", async () => {
  const request = { source: `${registry.host}/a/b:amd`, platform: "amd64" };
  const first = await pullImage(request, { store });
  const path = join(store, "blobs/sha256", amd.configDescriptor.digest.replace("sha256:", ""));
  await chmod(path, 0o644);
  await writeFile(path, Buffer.alloc(amd.config.length));
  expect((await pullImage(request, { store })).digest).toBe(first.digest);
});

test("a name that was taken away comes back, without a download", async () => {
  const request = { source: `${registry.host}/a/b:amd`, platform: "amd64" };
  const { name } = await pullImage(request, { store });
  await removeImages([name], { store });
  expect((await pullImage(request, { store })).downloadedBytes).toBe(0);
  expect((await listStoredImages({ store })).map((stored) => stored.name)).toEqual([name]);
});

test.each([
  ["oci:somewhere", "SOURCE_INVALID"],
  ["UPPER/Case", "REFERENCE_INVALID"],
])("%s cannot be pulled: %s", async (source, code) => {
  await expect(pullImage({ source }, { store })).rejects.toMatchObject({ code });
});

test("a pull that is cancelled gives no name", async () => {
  const controller = new AbortController();
  const pull = pullImage(
    { source: `${registry.host}/a/b:1`, platform: "amd64" },
    {
      store,
      signal: controller.signal,
      onEvent: ({ kind }) => kind === "blob-requested" && controller.abort(),
    },
  );
  await expect(pull).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await listStoredImages({ store })).toEqual([]);
});

describe("removeImages", () => {
  beforeEach(async () => {
    for (const tag of ["1", "amd"])
      await pullImage({ source: `${registry.host}/a/b:${tag}`, platform: "amd64" }, { store });
  });

  test("takes the names and leaves the blobs", async () => {
    const names = [`${registry.host}/a/b:1`, `${registry.host}/a/b:amd`];
    expect(await removeImages(names, { store })).toEqual(names);
    expect(await listStoredImages({ store })).toEqual([]);
    expect(await blobs()).toEqual(digestsOf(amd));
  });

  test("takes none where one of them is unknown", async () => {
    const names = [`${registry.host}/a/b:1`, "nobody"];
    await expect(removeImages(names, { store })).rejects.toMatchObject({ code: "STORE_IMAGE_NOT_FOUND" });
    expect(await listStoredImages({ store })).toHaveLength(2);
  });
});

const judge = requireJudge("skopeo");
test.skipIf(judge.skip)(`skopeo reads an index that was pulled whole${judge.reason}`, async () => {
  await pullImage({ source: `${registry.host}/a/b:1`, allPlatforms: true }, { store });
  const name = `oci:${store}:${registry.host}/a/b:1`;
  expect(execFileSync("skopeo", ["inspect", "--raw", name]).equals(both.index)).toBe(true);
  const copy = await mkdtemp(join(tmpdir(), "bootlayer-copy-"));
  try {
    execFileSync("skopeo", ["--insecure-policy", "copy", "--all", name, `oci:${copy}:all`], {
      stdio: "pipe",
    });
    const index = JSON.parse(await readFile(join(copy, "index.json"), "utf8")) as {
      manifests: { digest: string }[];
    };
    expect(index.manifests.map(({ digest }) => digest)).toEqual([both.indexDescriptor.digest]);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});

test("a registry at an address that is not allowed is refused before anything is asked of it", async () => {
  const asked: string[] = [];
  const allowAddress = (address: string): boolean => {
    asked.push(address);
    return false;
  };
  await expect(
    pullImage({ source: `${registry.host}/a/b:amd` }, { store, allowAddress }),
  ).rejects.toMatchObject({ code: "REGISTRY_ADDRESS_REFUSED" });
  expect(asked).toEqual(["127.0.0.1"]);
  expect(registry.requests).toEqual([]);
});
