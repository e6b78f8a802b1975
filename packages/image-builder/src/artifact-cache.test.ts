import { mkdtemp, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  artifactPath,
  describeArtifact,
  findArtifact,
  keepArtifact,
  type Artifact,
} from "./artifact-cache.ts";
import type { BuildKey } from "./build-key.ts";

const key = "0".repeat(64) as BuildKey;
const artifact: Artifact = {
  key,
  bytes: 8192,
  dataRegions: [{ offset: 0, length: 4096 }],
  warnings: ["something is left out"],
};
const live = new AbortController().signal;

let store: string;
beforeEach(async () => {
  store = await mkdtemp(join(tmpdir(), "artifact-cache-"));
  await writeFile(join(store, "disk"), Buffer.alloc(8192));
  await keepArtifact(store, artifact, join(store, "disk"), live);
});
afterEach(() => rm(store, { recursive: true }));

test("what was kept is found, and a sha256 that was learnt later with it", async () => {
  expect(await findArtifact(store, key)).toEqual({ ...artifact, sha256: undefined });
  await describeArtifact(store, { ...artifact, sha256: "a".repeat(64) });
  expect(await findArtifact(store, key)).toMatchObject({ sha256: "a".repeat(64) });
});

test("another key finds nothing", async () => {
  expect(await findArtifact(store, "1".repeat(64) as BuildKey)).toBeUndefined();
});

test.each<[string, () => Promise<void>]>([
  ["a disk of another length", () => truncate(artifactPath(store, key, "disk"), 100)],
  ["a missing disk", () => rm(artifactPath(store, key, "disk"))],
  ["a description that is no JSON", () => writeFile(artifactPath(store, key, "json"), "{")],
  [
    "a description of another shape",
    () => writeFile(artifactPath(store, key, "json"), '{"bytes":-1,"dataRegions":[]}'),
  ],
])("%s counts as absent", async (_name, damage) => {
  await damage();
  expect(await findArtifact(store, key)).toBeUndefined();
});

test("a disk that cannot be kept leaves no description", async () => {
  await rm(join(store, ".bootlayer/artifacts"), { recursive: true });
  await expect(
    keepArtifact(
      store,
      { ...artifact, bytes: 100_000, dataRegions: [{ offset: 0, length: 100_000 }] },
      join(store, "disk"),
      live,
    ),
  ).rejects.toMatchObject({ code: "FILE_FAILED" });
  expect(await readdir(join(store, ".bootlayer/artifacts"))).toEqual([]);
});
