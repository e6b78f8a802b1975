import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pullImage, pushImage } from "@bootlayer/image-builder";
import { digestOf } from "@bootlayer/image-spec";
import {
  image,
  imageIndex,
  layerBlob,
  requireJudge,
  tarArchive,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { Scope } from "../../src/access/scopes.ts";
import { createToken } from "../../src/access/tokens.ts";
import { startTestServer } from "../test-server.ts";
import { serveRegistry } from "./serve-registry.ts";

const run = promisify(execFile);

const base = layerBlob(tarArchive([{ name: "base", content: Buffer.alloc(3 * 2 ** 20, "base") }]));
const amd = image([base, layerBlob(tarArchive([{ name: "amd", content: "amd" }]), "zstd")]);
const arm = image([base, layerBlob(tarArchive([{ name: "arm", content: "arm" }]), "none")], {
  architecture: "arm64",
});
const both = imageIndex([
  { image: amd, platform: { os: "linux", architecture: "amd64" } },
  { image: arm, platform: { os: "linux", architecture: "arm64" } },
]);

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "registry-skopeo-"));
  await writeLayout(join(directory, "layout"), { both, amd });
});
afterEach(() => rm(directory, { recursive: true }));

/** Of the image or index that a layout names so. */
async function digestIn(layout: string, tag: string): Promise<string> {
  const index = JSON.parse(await readFile(join(directory, layout, "index.json"), "utf8")) as {
    manifests: { digest: string; annotations?: Record<string, string> }[];
  };
  const found = index.manifests.find(
    (entry) => entry.annotations?.["org.opencontainers.image.ref.name"] === tag,
  );
  return found?.digest ?? "";
}

async function copy(from: string, to: string, ...more: readonly string[]): Promise<void> {
  const plain = ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false"];
  await run("skopeo", [...plain, ...more, from, to]);
}

function layout(name: string, tag: string): string {
  return `oci:${join(directory, name)}:${tag}`;
}

const judge = requireJudge("skopeo");
describe.skipIf(judge.skip)(`skopeo${judge.reason}`, () => {
  test("copies an image in and out again, digest by digest", async () => {
    const { host } = await serveRegistry();
    await copy(layout("layout", "amd"), `docker://${host}/team/app:1`, "--preserve-digests");
    const { stdout } = await run("skopeo", [
      "inspect",
      "--raw",
      "--tls-verify=false",
      `docker://${host}/team/app:1`,
    ]);
    expect(stdout).toBe(amd.manifest.toString());
    await copy(`docker://${host}/team/app:1`, layout("out", "it"), "--preserve-digests");
    expect(await digestIn("out", "it")).toBe(amd.manifestDescriptor.digest);
  });

  test("copies all images of an index in and out again", async () => {
    const { host } = await serveRegistry();
    await copy(layout("layout", "both"), `docker://${host}/all:1`, "--all", "--preserve-digests");
    await copy(`docker://${host}/all:1`, layout("out", "it"), "--all", "--preserve-digests");
    expect(await digestIn("out", "it")).toBe(both.indexDescriptor.digest);
  });

  test("copies a schema 2 image of Docker in, which comes out as it is", async () => {
    const { host } = await serveRegistry();
    // Docker knows no zstd.
    await writeLayout(join(directory, "plain"), { it: image([base]) });
    await copy(layout("plain", "it"), `docker://${host}/docker:1`, "--format", "v2s2");
    await copy(`docker://${host}/docker:1`, `dir:${join(directory, "dir")}`, "--preserve-digests");
    const manifest = await readFile(join(directory, "dir/manifest.json"));
    expect((JSON.parse(manifest.toString()) as { mediaType: string }).mediaType).toBe(
      "application/vnd.docker.distribution.manifest.v2+json",
    );
    const { stdout } = await run("skopeo", ["inspect", "--tls-verify=false", `docker://${host}/docker:1`]);
    expect(JSON.parse(stdout)).toMatchObject({ Digest: digestOf(manifest), RepoTags: ["1"] });
  });

  test("copies from one repository to another by mounts, lists tags, and deletes", async () => {
    const registry = await serveRegistry();
    const { host } = registry;
    await copy(layout("layout", "amd"), `docker://${host}/one:1`, "--preserve-digests");
    await copy(`docker://${host}/one:1`, `docker://${host}/two:2`, "--preserve-digests");
    const { stdout } = await run("skopeo", ["list-tags", "--tls-verify=false", `docker://${host}/two`]);
    expect(JSON.parse(stdout)).toMatchObject({ Tags: ["2"] });
    await run("skopeo", ["delete", "--tls-verify=false", `docker://${host}/two:2`]);
    expect((await registry.ask("GET", "two/manifests/2")).status).toBe(404);
    expect((await registry.ask("GET", "one/manifests/1")).status).toBe(200);
  });

  test("logs in with a token as the password; one that may read and push copies in and out, one that may read only out", async () => {
    const server = await startTestServer({ access: { tokens: true, privateSources: true } });
    onTestFinished(() => server.close());
    const { host } = new URL(server.url);
    const { db } = server.context.database;
    const login = async (name: string, scopes: readonly Scope[]): Promise<string> => {
      const file = join(directory, `${name}.json`);
      const { secret } = await createToken(db, { name, scopes });
      await run("skopeo", ["login", "--tls-verify=false", "--authfile", file, "-u", "x", "-p", secret, host]);
      return file;
    };
    const [pusher, reader] = [await login("pusher", ["read", "push"]), await login("reader", ["read"])];
    const [inside, other] = [`docker://${host}/team/app:1`, `docker://${host}/team/app:2`];
    await copy(layout("layout", "amd"), inside, "--preserve-digests", "--authfile", pusher);
    await copy(inside, layout("out", "it"), "--preserve-digests", "--authfile", reader);
    expect(await digestIn("out", "it")).toBe(amd.manifestDescriptor.digest);
    await expect(copy(layout("layout", "amd"), other, "--authfile", reader)).rejects.toThrow(
      /denied|authentication required|unauthorized|insufficient/i,
    );
    const none = join(directory, "none.json");
    await expect(copy(inside, layout("out", "more"), "--authfile", none)).rejects.toThrow(
      /authentication required|unauthorized/i,
    );
    const { stdout } = await run("skopeo", [
      "list-tags",
      "--tls-verify=false",
      "--authfile",
      reader,
      `docker://${host}/team/app`,
    ]);
    expect(JSON.parse(stdout)).toMatchObject({ Tags: ["1"] });
  });
});

test("bootlayer's own push and pull bring all platforms in and out, and send nothing twice", async () => {
  const { host } = await serveRegistry();
  const source = `oci:${join(directory, "layout")}:both`;
  const environment = { store: join(directory, "push") };
  const first = await pushImage({ source, target: `${host}/team/app:1` }, environment);
  expect(first).toMatchObject({ digest: both.indexDescriptor.digest, platforms: [{}, {}] });
  const second = await pushImage({ source, target: `${host}/team/app:2` }, environment);
  expect(second.uploadedBytes).toBe(0);
  const pulled = await pullImage(
    { source: `${host}/team/app:2`, allPlatforms: true },
    { store: join(directory, "pull") },
  );
  expect(pulled).toMatchObject({ digest: both.indexDescriptor.digest, platforms: [{}, {}] });
});
