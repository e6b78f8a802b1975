import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskArtifactType, fetchDisk, publishDisk, pushImage } from "@bootlayer/image-builder";
import { writeLayout } from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test } from "vitest";
import { manifestDigest, small } from "./rules.ts";
import { serveRegistry } from "./serve-registry.ts";

test("a finished disk is pushed beside its image, listed as its referrer, and fetched by its name", async () => {
  const registry = await serveRegistry();
  const directory = await mkdtemp(join(tmpdir(), "registry-disks-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeLayout(join(directory, "layout"), { small });
  const source = `${registry.host}/team/app:1`;
  const environment = { store: join(directory, "store") };
  const image = `oci:${join(directory, "layout")}:small`;
  await pushImage({ source: image, target: source, platform: "linux/amd64" }, environment);

  const { push } = await publishDisk({ source, platform: "linux/amd64" }, environment);
  const answer = await registry.ask("GET", `team/app/referrers/${manifestDigest}`);
  const { manifests } = (await answer.json()) as { manifests: readonly object[] };
  expect(manifests).toMatchObject([{ digest: push.digest, artifactType: diskArtifactType }]);
  // No tag was made for want of a list of referrers.
  expect(await (await registry.ask("GET", "team/app/tags/list")).json()).toMatchObject({ tags: ["1"] });

  const output = join(directory, "disk");
  const fetched = await fetchDisk({ source, output }, { store: join(directory, "other") });
  expect(fetched).toMatchObject({ digest: push.digest, description: push.description });
  const sha256 = createHash("sha256")
    .update(await readFile(output))
    .digest("hex");
  expect(sha256).toBe(push.description.sha256);
});
