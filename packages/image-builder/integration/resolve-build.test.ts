import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { image, layerBlob, startRegistry, tarArchive } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildDisk, resolveBuild, type BuildRequest } from "../src/index.ts";

let directory = "";
let registry: Awaited<ReturnType<typeof startRegistry>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-resolve-"));
  const layer = layerBlob(
    tarArchive([
      { name: "bin/", type: "directory" },
      { name: "bin/app", content: "#!/bin/app\n", mode: 0o755 },
    ]),
  );
  registry = await startRegistry({
    images: { "app:1": image([layer], { config: { Entrypoint: ["/bin/app"] } }) },
  });
});

afterAll(async () => {
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

const host = (): string => join(directory, "host-file");

test.for<[string, () => Partial<BuildRequest>]>([
  ["of the image alone", () => ({})],
  ["of other disk options", () => ({ disk: { size: "+8M", label: "root" } })],
  ["of a squashfs", () => ({ disk: { format: "squashfs", compression: "gzip" } })],
  ["of a time", () => ({ sourceDateEpoch: "1700000000" })],
  ["with a guest in it", () => ({ guest: { config: { hostname: "a" } } })],
  [
    "with a file of the host in it",
    () => ({ guest: { config: { files: [{ host: host(), guest: "/f" }] } } }),
  ],
  ["whose guest is in an initrd", () => ({ guest: { as: "initrd", initrd: join(directory, "initrd") } })],
])("the key that is resolved is that of the disk that is built: %s", async ([, options]) => {
  await writeFile(host(), "1");
  const environment = { store: join(directory, "store") };
  const request = { source: `${registry.host}/app:1`, platform: "linux/amd64", ...options() };
  const resolved = await resolveBuild(request, environment);
  const built = await buildDisk({ ...request, output: join(directory, "disk") }, environment);
  expect(resolved).toMatchObject({ key: built.key, digest: built.digest, platform: built.platform });
  expect(resolved.layers.map(({ digest }) => digest)).toEqual(built.layers.map(({ digest }) => digest));
});

test("a file of the host that is injected changes the key", async () => {
  const environment = { store: join(directory, "store") };
  const request = {
    source: `${registry.host}/app:1`,
    platform: "linux/amd64",
    guest: { config: { files: [{ host: host(), guest: "/f" }] } },
  };
  await writeFile(host(), "1");
  const before = await resolveBuild(request, environment);
  await writeFile(host(), "2");
  expect((await resolveBuild(request, environment)).key).not.toBe(before.key);
});

test("no layer is asked for", async () => {
  const before = registry.requests.length;
  const environment = { store: join(directory, "fresh-store") };
  const { layers } = await resolveBuild(
    { source: `${registry.host}/app:1`, platform: "linux/amd64" },
    environment,
  );
  expect(layers).toHaveLength(1);
  const requests = registry.requests.slice(before);
  expect(requests).not.toEqual([]);
  expect(requests.filter(({ path }) => path.includes(layers[0]?.digest ?? ""))).toEqual([]);
});

test("options are refused before the source is asked for", async () => {
  const before = registry.requests.length;
  await expect(
    resolveBuild(
      { source: `${registry.host}/app:1`, disk: { size: "huge" } },
      { store: join(directory, "store") },
    ),
  ).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
  expect(registry.requests).toHaveLength(before);
});
