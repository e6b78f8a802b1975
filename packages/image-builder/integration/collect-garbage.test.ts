import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  byteGate,
  image,
  imageIndex,
  layerBlob,
  startRegistry,
  tarArchive,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  buildDisk,
  collectGarbage,
  listStoredImages,
  pullImage,
  removeImages,
  storeUsage,
} from "../src/index.ts";

const MiB = 2 ** 20;
const noise = createHash("shake256", { outputLength: 3 * MiB })
  .update("noise")
  .digest();
const served = image([
  layerBlob(tarArchive([{ name: "base", content: "base" }])),
  layerBlob(tarArchive([{ name: "top", content: noise }])),
]);
const [base, top] = served.layers.map(({ descriptor }) => descriptor.digest);

let directory: string;
let store: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-garbage-"));
  store = join(directory, "store");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const build = (source: string): Promise<unknown> =>
  buildDisk({ source, output: join(directory, "disk"), platform: "linux/amd64" }, { store });
const artifacts = async (): Promise<number> => (await readdir(join(store, ".bootlayer/artifacts"))).length;
/** As if they had been kept and used two hours ago. */
async function makeOld(): Promise<void> {
  const then = new Date(Date.now() - 2 * 3_600_000);
  const kept = join(store, ".bootlayer/artifacts");
  for (const name of await readdir(kept)) await utimes(join(kept, name), then, then);
}
const now = { graceMilliseconds: 0 };

test("what a build has brought before its image has a name is not garbage", async () => {
  const gate = byteGate();
  const registry = await startRegistry({
    images: { "a/b:1": served },
    fault: ({ path }) => (path.endsWith(`/blobs/${top}`) ? { kind: "gated", gate } : undefined),
  });
  const collected: Promise<{ removed: readonly unknown[]; keptBlobs: number }>[] = [];
  await buildDisk(
    { source: `${registry.host}/a/b:1`, output: join(directory, "disk"), platform: "linux/amd64" },
    {
      store,
      onEvent(event) {
        if (event.kind !== "blob-stored" || event.digest !== base) return;
        // The base layer is there, the top layer is still to come, and nothing names either.
        const collecting = collectGarbage(now, { store });
        collected.push(collecting);
        void collecting.finally(() => gate.open());
      },
    },
  );
  await registry.close();
  const [report] = await Promise.all(collected);
  expect(report?.removed).toEqual([]);
  expect(report?.keptBlobs).toBeGreaterThan(0);
  expect((await collectGarbage(now, { store })).removed).toEqual([]);
  expect((await storeUsage({ store })).unusedBlobs).toBe(0);
  expect(await readdir(join(store, ".bootlayer/leases"))).toEqual([]);
});

test("a finished disk stays while the store has a name for its image, and goes with the name", async () => {
  const registry = await startRegistry({ images: { "a/b:1": served } });
  await build(`${registry.host}/a/b:1`);
  await registry.close();
  expect((await collectGarbage(now, { store })).removedArtifacts).toEqual([]);
  await removeImages([`${registry.host}/a/b:1`], { store });
  expect((await collectGarbage({}, { store })).removedArtifacts).toEqual([]);
  expect(await artifacts()).toBe(2);
  const report = await collectGarbage(now, { store });
  expect(report.removedArtifacts).toEqual([{ key: expect.any(String), bytes: expect.any(Number) }]);
  expect(report.keptBlobs).toBe(0);
  expect(await artifacts()).toBe(0);
});

test("a finished disk of a layout's image goes after the grace, counted from its last use; other files stay", async () => {
  await writeLayout(join(directory, "layout"), { a: served });
  await build(`oci:${join(directory, "layout")}`);
  await writeFile(join(store, ".bootlayer/artifacts/README"), "of a person");
  await makeOld();
  await build(`oci:${join(directory, "layout")}`);
  expect((await collectGarbage({}, { store })).removedArtifacts).toEqual([]);
  await makeOld();
  expect((await collectGarbage({}, { store })).removedArtifacts).toHaveLength(1);
  expect(await artifacts()).toBe(1);
});

test("two platforms of a name that were pulled one after the other are listed under it", async () => {
  const arm = image(served.layers.slice(0, 1), { architecture: "arm64" });
  const both = imageIndex([
    { image: served, platform: { os: "linux", architecture: "amd64" } },
    { image: arm, platform: { os: "linux", architecture: "arm64" } },
  ]);
  const registry = await startRegistry({ images: { "a/b:1": both } });
  for (const name of ["amd64", "arm64"])
    await pullImage({ source: `${registry.host}/a/b:1`, platform: name }, { store });
  await registry.close();
  const [listed, ...others] = await listStoredImages({ store });
  expect(others).toEqual([]);
  expect(listed?.name).toBe(`${registry.host}/a/b:1`);
  const architectures = new Set(listed?.platforms.map(({ architecture }) => architecture));
  expect(architectures).toEqual(new Set(["amd64", "arm64"]));
});
