import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireJudge, writeLayout } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { archivedImage, archiveDirectory } from "./archive-fixtures.ts";

const run = promisify(execFile);
const skopeo = requireJudge("skopeo");
const { place, build, buildFromLayout } = archiveDirectory();

describe.skipIf(skopeo.skip)(`archives that skopeo writes${skopeo.reason}`, () => {
  test.each(["gzip", "none"] as const)("of an image with layers in %s", async (compression) => {
    const content = archivedImage(compression);
    const layout = await mkdtemp(place("skopeo-"));
    await writeLayout(layout, { "1": content });
    const copy = (to: string, ...flags: string[]) =>
      run("skopeo", ["--insecure-policy", "copy", "--quiet", ...flags, `oci:${layout}:1`, to]);
    const [ociArchive, docker] = [join(layout, "oci.tar"), join(layout, "docker.tar")];
    // Else it compresses plain layers, and makes another image of it.
    await copy(`oci-archive:${ociArchive}:1`, "--preserve-digests");
    await copy(`docker-archive:${docker}:name:1`);
    expect(await build(`oci-archive:${ociArchive}:1`)).toEqual(await buildFromLayout(content));
    // Skopeo unpacks the layers for such an archive.
    expect(await build(`docker-archive:${docker}:name:1`)).toEqual(
      await buildFromLayout(archivedImage("none")),
    );
  });
});
