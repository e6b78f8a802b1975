import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { createRegistryClient, parseReference, pushBlob, pushManifest } from "@bootlayer/registry-client";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  startDockerRegistry,
  tarArchive,
  writeLayout,
  type DockerRegistry,
} from "@bootlayer/test-fixtures";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  diskArtifactType,
  fetchDisk,
  publishDisk,
  pushImage,
  type FetchDiskRequest,
  type PublishDiskResult,
} from "../src/index.ts";

const amd = image(
  [
    layerBlob(
      tarArchive([
        { name: "app", mode: 0o755, content: "#!/app\n" },
        { name: "data", content: randomBytes(3 * 2 ** 20) },
      ]),
    ),
  ],
  { config: { Cmd: ["/app"] } },
);
const arm = image([layerBlob(tarArchive([{ name: "arm", content: "arm" }]))], { architecture: "arm64" });
const both = imageIndex([
  { image: amd, platform: { os: "linux", architecture: "amd64" } },
  { image: arm, platform: { os: "linux", architecture: "arm64" } },
]);

async function sha256(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

const judge = requireJudge("docker-registry");
describe.skipIf(judge.skip)(`Debian's docker-registry${judge.reason}`, () => {
  let registry: DockerRegistry;
  let directory: string;
  let repository: string;
  let count = 0;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.close());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-disk-"));
    await writeLayout(join(directory, "layout"), { both });
    repository = `${registry.host}/disks/test${++count}`;
    const source = `oci:${join(directory, "layout")}:both`;
    await pushImage({ source, target: `${repository}:1` }, environment());
  });
  afterEach(() => rm(directory, { recursive: true }));

  const environment = () => ({ store: join(directory, "store") });

  function publish(more: object = {}): Promise<PublishDiskResult> {
    return publishDisk({ source: `${repository}:1`, platform: "linux/amd64", ...more }, environment());
  }

  function fetch(source: string, more: Partial<FetchDiskRequest> = {}) {
    const output = join(directory, "fetched");
    return fetchDisk(
      { source, output, platform: "linux/amd64", ...more },
      { store: join(directory, "other") },
    );
  }

  test("a disk is found by its image, by its tag and by its digest, and comes sparse and byte by byte", async () => {
    const { build, push } = await publish({ disk: { size: "64MiB" } });
    await publish({ disk: { size: "64MiB" }, target: `${repository}:1-disk` });
    expect(push).toMatchObject({
      target: `${repository}@${push.digest}`,
      description: {
        format: "ext4",
        bytes: 64 * 2 ** 20,
        key: build.key,
        manifest: { ...amd.manifestDescriptor },
        platform: { os: "linux", architecture: "amd64" },
      },
    });
    // What is zero costs nearly nothing.
    expect(push.compressedBytes).toBeLessThan(4 * 2 ** 20);
    const image = `${repository}@${amd.manifestDescriptor.digest}`;
    for (const source of [`${repository}:1`, image, `${repository}:1-disk`, `${repository}@${push.digest}`]) {
      const { output, description } = await fetch(source);
      expect(await sha256(output)).toBe(push.description.sha256);
      expect(description).toEqual(push.description);
      const { size, blocks } = await stat(output);
      expect(size).toBe(64 * 2 ** 20);
      expect(blocks * 512).toBeLessThan(build.dataBytes + 2 ** 20);
      await rm(output);
    }
    // Nothing of it is left where it was made.
    expect(await readdir(join(directory, "store/.bootlayer/ingest"))).toEqual([]);
  });

  test("of several disks of an image the format or the key decides, and none is guessed", async () => {
    await expect(fetch(`${repository}:1`)).rejects.toMatchObject({ code: "DISK_NOT_FOUND" });
    const ext4 = await publish();
    const squashfs = await publish({ disk: { format: "squashfs" } });
    await expect(fetch(`${repository}:1`)).rejects.toMatchObject({
      code: "OPTIONS_INVALID",
      hint: expect.stringContaining(squashfs.push.digest) as string,
    });
    expect(await fetch(`${repository}:1`, { format: "squashfs" })).toMatchObject({
      digest: squashfs.push.digest,
    });
    expect(await fetch(`${repository}:1`, { key: ext4.build.key })).toMatchObject({
      digest: ext4.push.digest,
    });
    await expect(fetch(`${repository}:1`, { platform: "linux/arm64" })).rejects.toMatchObject({
      code: "DISK_NOT_FOUND",
    });
  });

  test("what the disk's guest is comes with it", async () => {
    const { push } = await publish({ guest: { config: { hostname: "published" } } });
    const { description } = await fetch(push.target);
    expect(description.guest).toMatchObject({ initSystem: "bootlayer" });
    expect(description).toEqual(push.description);
  });

  test.each(["oci:somewhere", "repository@sha256:abc"])("%j is no place for a disk", async (target) => {
    await expect(publish({ target })).rejects.toMatchObject({
      code: expect.stringMatching(/^(SOURCE|REFERENCE)_INVALID$/) as string,
    });
    const digest = `${repository}@${amd.manifestDescriptor.digest}`;
    await expect(publish({ target: digest })).rejects.toMatchObject({ code: "SOURCE_INVALID" });
  });

  const bytes = Buffer.concat([randomBytes(100_000), Buffer.alloc(300_000), randomBytes(1000)]);
  const honest = {
    format: "ext4",
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    key: "a".repeat(64),
    manifest: amd.manifestDescriptor,
    platform: { os: "linux", architecture: "amd64" },
    warnings: [],
  };
  const ext4Type = "application/vnd.bootlayer.disk.v1.ext4+zstd";

  /** Pushes what says that it is a disk; answers with its reference. */
  async function forge(
    description: unknown,
    packed: Uint8Array,
    { layers = 1, layerType = ext4Type, subject = amd.manifestDescriptor } = {},
  ): Promise<string> {
    const client = createRegistryClient({});
    const { signal } = new AbortController();
    const target = parseReference(repository);
    const config = Buffer.from(JSON.stringify(description));
    const blobs = [config, packed].map((blob) => ({ digest: digestOf(blob), size: blob.length }));
    for (const [at, blob] of [config, packed].entries())
      await pushBlob(
        client,
        target,
        { digest: digestOf(blob), size: blob.length },
        async function* () {
          yield [config, packed][at] ?? blob;
        },
        { signal },
      );
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        artifactType: diskArtifactType,
        config: { mediaType: "application/vnd.bootlayer.disk.config.v1+json", ...blobs[0] },
        layers: Array.from({ length: layers }, () => ({ mediaType: layerType, ...blobs[1] })),
        subject,
      }),
    );
    const digest = digestOf(manifest);
    const pushed = { bytes: manifest, digest, mediaType: mediaTypes.ociManifest };
    await pushManifest(client, { ...target, digest }, pushed, { signal });
    await client.close();
    return `${repository}@${digest}`;
  }

  test("a disk that another tool pushed is taken if it is as it says", async () => {
    const source = await forge(honest, zstdCompressSync(bytes));
    const { output, dataRegions } = await fetch(source);
    expect((await readFile(output)).equals(bytes)).toBe(true);
    // Outside of its regions all is zero, and they are not simply everything.
    const outside = Buffer.from(bytes);
    for (const { offset, length } of dataRegions) outside.fill(0, offset, offset + length);
    expect(outside.equals(Buffer.alloc(bytes.length))).toBe(true);
    expect(dataRegions.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length - 100_000);
    await expect(
      fetch(await forge(honest, zstdCompressSync(bytes)), { output: directory }),
    ).rejects.toMatchObject({
      code: "OUTPUT_NOT_A_FILE",
    });
  });

  test.each<readonly [string, () => Promise<string>]>([
    ["has another hash", () => forge({ ...honest, sha256: "0".repeat(64) }, zstdCompressSync(bytes))],
    ["is longer than it says", () => forge({ ...honest, bytes: bytes.length - 1 }, zstdCompressSync(bytes))],
    ["is shorter than it says", () => forge({ ...honest, bytes: bytes.length + 1 }, zstdCompressSync(bytes))],
    ["is a bomb", () => forge({ ...honest, bytes: 1000 }, zstdCompressSync(Buffer.alloc(64 * 2 ** 20)))],
    ["is no zstd", () => forge(honest, bytes)],
    ["is cut", () => forge(honest, zstdCompressSync(bytes).subarray(0, 50_000))],
    ["is two", () => forge(honest, zstdCompressSync(bytes), { layers: 2 })],
    ["is of another type", () => forge(honest, zstdCompressSync(bytes), { layerType: "text/plain" })],
    ["is described as nothing", () => forge({}, zstdCompressSync(bytes))],
    ["is described in no words", () => forge("x".repeat(100), zstdCompressSync(bytes))],
    [
      "refers to another image",
      () => forge(honest, zstdCompressSync(bytes), { subject: arm.manifestDescriptor }),
    ],
  ])("a disk that %s is refused, and leaves the file that was there", async (_, make) => {
    const output = join(directory, "fetched");
    await writeFile(output, "before");
    await expect(fetch(await make())).rejects.toMatchObject({ code: "DISK_INVALID" });
    expect(await readFile(output, "utf8")).toBe("before");
    expect((await readdir(directory)).filter((name) => name.includes("bootlayer-tmp"))).toEqual([]);
  });

  test("a fetch that is cancelled leaves nothing", async () => {
    const { push } = await publish();
    const controller = new AbortController();
    const output = join(directory, "fetched");
    const fetching = fetchDisk(
      { source: push.target, output },
      {
        store: join(directory, "other"),
        signal: controller.signal,
        onEvent: ({ kind }) => void (kind === "blob-requested" && controller.abort()),
      },
    );
    await expect(fetching).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(access(output)).rejects.toThrow("ENOENT");
  });

  const zstd = requireJudge("zstd", "skopeo");
  test.skipIf(zstd.skip)(`zstd makes the same disk of it${zstd.reason}`, async () => {
    const { push } = await publish();
    const plain = ["--insecure-policy", "copy", "--src-tls-verify=false"];
    const copy = join(directory, "copy");
    execFileSync("skopeo", [...plain, `docker://${push.target}`, `dir:${copy}`], { stdio: "pipe" });
    const layer = push.blobs.at(-1)?.digest.replace("sha256:", "") ?? "";
    const disk = execFileSync("zstd", ["-dc", join(copy, layer)], { maxBuffer: 2 ** 30 });
    expect(createHash("sha256").update(disk).digest("hex")).toBe(push.description.sha256);
  });
});
