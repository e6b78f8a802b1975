import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { listStoredImages, pullImage, pushImage, type PushResult } from "../src/index.ts";

const base = layerBlob(tarArchive([{ name: "base", content: Buffer.alloc(3 * 2 ** 20, "base") }]));
const amd = image([base, layerBlob(tarArchive([{ name: "amd", content: "amd" }]), "zstd")]);
const arm = image([base, layerBlob(tarArchive([{ name: "arm", content: "arm" }]), "none")], {
  architecture: "arm64",
});
const both = imageIndex([
  { image: amd, platform: { os: "linux", architecture: "amd64" } },
  { image: arm, platform: { os: "linux", architecture: "arm64" } },
]);

/** How the blobs came to be in the registry. */
function how({ blobs }: PushResult): readonly string[] {
  return blobs.map((blob) => blob.how);
}

const judge = requireJudge("docker-registry", "skopeo");
describe.skipIf(judge.skip)(`Debian's docker-registry and skopeo${judge.reason}`, () => {
  let registry: DockerRegistry;
  let directory: string;
  beforeAll(async () => {
    registry = await startDockerRegistry();
  });
  afterAll(() => registry.close());
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-push-"));
    await writeLayout(join(directory, "layout"), { both, amd });
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const push = (source: string, name: string, platform?: string): Promise<PushResult> =>
    pushImage({ source, target: `${registry.host}/${name}`, platform }, { store: join(directory, "store") });
  const layout = (tag: string): string => `oci:${join(directory, "layout")}:${tag}`;

  async function listRepositories(): Promise<readonly string[]> {
    const answer = await fetch(`http://${registry.host}/v2/_catalog`);
    return ((await answer.json()) as { repositories: string[] }).repositories;
  }

  /** The raw document, and every blob copied and checked by its digest. */
  function readBySkopeo(name: string): Buffer {
    const reference = `docker://${registry.host}/${name}`;
    const copy = ["--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false"];
    execFileSync("skopeo", [...copy, reference, `oci:${join(directory, "copy")}:it`], { stdio: "pipe" });
    return execFileSync("skopeo", ["inspect", "--raw", "--tls-verify=false", reference]);
  }

  test("an index goes with all its platforms, byte by byte; a second push sends nothing", async () => {
    const first = await push(layout("both"), "index/all:1");
    expect(first).toMatchObject({ digest: both.indexDescriptor.digest, platforms: [{}, {}] });
    expect(how(first)).toEqual(Array(5).fill("uploaded"));
    expect(readBySkopeo("index/all:1").equals(both.index)).toBe(true);
    const second = await push(layout("both"), "index/all:2");
    expect(how(second)).toEqual(Array(5).fill("present"));
    expect(second.uploadedBytes).toBe(0);
    expect(readBySkopeo("index/all:2").equals(both.index)).toBe(true);
  });

  test("one platform of an index goes alone", async () => {
    const result = await push(layout("both"), "index/one:1", "linux/arm64");
    expect(result.digest).toBe(arm.manifestDescriptor.digest);
    expect(readBySkopeo("index/one:1").equals(arm.manifest)).toBe(true);
  });

  test("what was pulled is pushed from the store; blobs of another repository are mounted", async () => {
    await push(layout("amd"), "origin/amd:1");
    const store = join(directory, "store");
    const source = `${registry.host}/origin/amd:1`;
    await pullImage({ source, platform: "amd64" }, { store });
    const result = await push(source, "copies/amd:1");
    expect(how(result)).toEqual(["mounted", "mounted", "mounted"]);
    expect(readBySkopeo("copies/amd:1").equals(amd.manifest)).toBe(true);
  });

  test("a target of the image's own digest is its name; one of another is refused before anything is sent", async () => {
    const { digest } = amd.manifestDescriptor;
    expect(await push(layout("amd"), `named/amd@${digest}`)).toMatchObject({ digest });
    const other = `named/other@${arm.manifestDescriptor.digest}`;
    await expect(push(layout("amd"), other)).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
    expect(await listRepositories()).not.toContain("named/other");
  });

  test("an image that the store does not know is pulled on the way", async () => {
    await push(layout("amd"), "origin/later:1");
    const result = await push(`${registry.host}/origin/later:1`, "copies/later:1", "amd64");
    expect(result.digest).toBe(amd.manifestDescriptor.digest);
    expect(readBySkopeo("copies/later:1").equals(amd.manifest)).toBe(true);
  });

  test("it is in the store then, though the target had all of it and nothing was read", async () => {
    await push(layout("amd"), "origin/there:1");
    const source = `${registry.host}/origin/there:1`;
    expect(how(await push(source, "origin/there:2", "amd64"))).toEqual(Array(3).fill("present"));
    const store = join(directory, "store");
    expect(await listStoredImages({ store })).toEqual([
      expect.objectContaining({ name: source, digest: amd.manifestDescriptor.digest }),
    ]);
    expect(await pullImage({ source, platform: "amd64" }, { store })).toMatchObject({ downloadedBytes: 0 });
  });

  test("an index of which the store has one platform goes as that platform's image", async () => {
    await push(layout("both"), "origin/both:1");
    const source = `${registry.host}/origin/both:1`;
    await pullImage({ source, platform: "arm64" }, { store: join(directory, "store") });
    const result = await push(source, "copies/arm:1", "arm64");
    expect(result.digest).toBe(arm.manifestDescriptor.digest);
  });
});
