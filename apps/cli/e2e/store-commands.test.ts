import { chmod, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  startDockerRegistry,
  startRegistry,
  tarArchive,
  writeLayout,
  type Registry,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildCli, runCli, withDirectory, type CliRun } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

const small = smallImage();
const arm = image(small.layers, { architecture: "arm64" });
const other = image([...small.layers.slice(0, 1), layerBlob(tarArchive([{ name: "x", content: "x" }]))]);
const both = imageIndex([
  { image: small, platform: { os: "linux", architecture: "amd64" } },
  { image: arm, platform: { os: "linux", architecture: "arm64" } },
]);

let registry: Registry;
beforeEach(async () => {
  registry = await startRegistry({ images: { "a/b:1": small, "a/b:2": other, "a/b:all": both } });
});
afterEach(() => registry.close());

const inStore =
  (directory: string) =>
  (...arguments_: readonly string[]): Promise<CliRun> =>
    runCli([...arguments_, "--store", join(directory, "store")]);

/** The one JSON document that a command prints. */
function json({ stdout, exitCode, stderr }: CliRun): unknown {
  expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function blobsOf(directory: string): Promise<readonly string[]> {
  return (await readdir(join(directory, "store/blobs/sha256"))).map((hex) => `sha256:${hex}`);
}

test("pull says what came, shows it on standard error, and images then lists it", async () => {
  await withDirectory(async (directory) => {
    const cli = inStore(directory);
    const name = `${registry.host}/a/b:1`;
    const pulled = await cli("pull", name, "--platform", "linux/amd64", "--json");
    expect(pulled.stderr).toMatch(/^pull .*\n[^]*pulled and verified/m);
    expect(JSON.parse(pulled.stdout)).toMatchObject({
      name,
      digest: small.manifestDescriptor.digest,
      platforms: ["linux/amd64"],
      downloadedBytes: small.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0),
      stages: [{ stage: "resolve" }, { stage: "pull" }],
    });
    const again = await cli("pull", name, "--platform", "linux/amd64");
    expect(again).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("the store had 2 blobs"),
    });
    await cli("pull", `${registry.host}/a/b:2`, "--platform", "linux/amd64");
    const listed = json(await cli("images", "--json")) as {
      name: string;
      bytes: number;
      sharedBytes: number;
    }[];
    expect(listed).toEqual([
      {
        name,
        digest: small.manifestDescriptor.digest,
        mediaType: small.manifestDescriptor.mediaType,
        platforms: ["linux/amd64"],
        bytes: expect.any(Number),
        sharedBytes: small.layers[0]?.descriptor.size,
      },
      expect.objectContaining({ name: `${registry.host}/a/b:2` }),
    ]);
    expect((await cli("images")).stdout).toMatch(/^NAME +DIGEST +PLATFORMS +SIZE +SHARED\n/);
  });
});

test("pull --all-platforms keeps the index; rm takes several names, or none where one is unknown", async () => {
  await withDirectory(async (directory) => {
    const cli = inStore(directory);
    const [one, all] = [`${registry.host}/a/b:1`, `${registry.host}/a/b:all`];
    json(await cli("pull", one, "--platform", "linux/amd64", "--json", "--progress", "none"));
    json(await cli("pull", all, "--all-platforms", "--json", "--progress", "none"));
    expect(json(await cli("images", "--json"))).toEqual([
      expect.objectContaining({ name: one }),
      expect.objectContaining({
        name: all,
        digest: both.indexDescriptor.digest,
        platforms: ["linux/amd64", "linux/arm64"],
      }),
    ]);
    expect(await cli("rm", one, "nothing")).toMatchObject({
      exitCode: 3,
      stdout: "",
      stderr: expect.stringContaining("STORE_IMAGE_NOT_FOUND"),
    });
    expect(json(await cli("rm", one, all, "--json"))).toEqual({ removed: [one, all] });
    expect(json(await cli("images", "--json"))).toEqual([]);
  });
});

test("gc frees blobs and finished disks of what was removed, after the grace, and a dry run only says so", async () => {
  await withDirectory(async (directory) => {
    const cli = inStore(directory);
    const build = (tag: string) =>
      buildCli({
        source: `${registry.host}/a/b:${tag}`,
        output: join(directory, tag),
        store: join(directory, "store"),
      });
    for (const tag of ["1", "2"]) expect(await build(tag)).toMatchObject({ exitCode: 0 });
    await cli("rm", `${registry.host}/a/b:2`);
    const kept = [small.manifestDescriptor, small.configDescriptor, ...small.layers.map((l) => l.descriptor)];
    expect(json(await cli("gc", "--json"))).toMatchObject({
      removed: [],
      removedArtifacts: [],
      youngBlobs: 3,
    });
    expect((await cli("gc")).stdout).toMatch(/^freed 0 B .*only until they are older than --grace\n$/);
    const dry = json(await cli("gc", "--grace", "0", "--dry-run", "--json"));
    expect(dry).toMatchObject({ dryRun: true, removedArtifacts: [{}], keptBlobs: kept.length });
    expect(await blobsOf(directory)).not.toHaveLength(kept.length);
    const done = json(await cli("gc", "--grace", "0s", "--json"));
    expect(done).toEqual({ ...(dry as object), dryRun: false });
    expect((await blobsOf(directory)).toSorted()).toEqual(kept.map(({ digest }) => digest).toSorted());
    const artifacts = await readdir(join(directory, "store/.bootlayer/artifacts"));
    expect(artifacts).toHaveLength(2);
    expect((await cli("gc")).stdout).toMatch(/^freed 0 B \(0 blobs/);
    expect(await cli("gc", "--grace", "soon")).toMatchObject({ exitCode: 2 });
  });
});

test("scrub is silent on a sound store; a wrong blob is quarantined, named, and ends it with 6", async () => {
  await withDirectory(async (directory) => {
    const cli = inStore(directory);
    const name = `${registry.host}/a/b:1`;
    await cli("pull", name, "--platform", "linux/amd64");
    expect(json(await cli("scrub", "--json"))).toMatchObject({ clean: true, wrong: [], checkedBlobs: 4 });
    const digest = String(small.layers[0]?.descriptor.digest);
    const path = join(directory, "store/blobs/sha256", digest.slice(7));
    await chmod(path, 0o644);
    await writeFile(path, Buffer.alloc(small.layers[0]?.bytes.length ?? 0));
    const run = await cli("scrub", "--json");
    expect(run.exitCode).toBe(6);
    expect(JSON.parse(run.stdout)).toMatchObject({
      clean: false,
      wrong: [{ digest }],
      hurtImages: [{ name, digests: [digest] }],
    });
    expect(await cli("pull", name, "--platform", "linux/amd64")).toMatchObject({ exitCode: 0 });
    expect(await cli("scrub")).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(": 0 wrong") });
  });
});

const judge = requireJudge("docker-registry", "skopeo");
describe.skipIf(judge.skip)(`others' tools${judge.reason}`, () => {
  test("what is pushed from a layout and from the store is what skopeo reads in Debian's docker-registry", async () => {
    const real = await startDockerRegistry();
    try {
      await withDirectory(async (directory) => {
        const cli = inStore(directory);
        await writeLayout(join(directory, "layout"), { both });
        const read = (name: string): Buffer =>
          execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", `docker://${real.host}/${name}`]);
        const pushed = await cli(
          "push",
          `oci:${join(directory, "layout")}:both`,
          `${real.host}/x/all:1`,
          "--json",
        );
        expect(pushed.stderr).toContain("sent");
        expect(JSON.parse(pushed.stdout)).toMatchObject({
          target: `${real.host}/x/all:1`,
          digest: both.indexDescriptor.digest,
          platforms: ["linux/amd64", "linux/arm64"],
        });
        expect(read("x/all:1").equals(both.index)).toBe(true);
        await cli("pull", `${real.host}/x/all:1`, "--platform", "linux/amd64");
        const copied = await cli(
          "push",
          `${real.host}/x/all:1`,
          `${real.host}/y/one:1`,
          "--platform",
          "linux/amd64",
        );
        expect(copied).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("mounted 3") });
        expect(read("y/one:1").equals(small.manifest)).toBe(true);
      });
    } finally {
      await real.close();
    }
  });
});
