import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pushImage } from "@bootlayer/image-builder";
import { requireJudge, startDockerRegistry, writeLayout } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { runCli, withDirectory } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

const judge = requireJudge("docker-registry");
describe.skipIf(judge.skip)(`Debian's docker-registry${judge.reason}`, () => {
  test("publish sends a disk beside its image, and fetch brings it by the image's name", async () => {
    const registry = await startDockerRegistry();
    await withDirectory(async (directory) => {
      await writeLayout(join(directory, "layout"), { it: smallImage() });
      const name = `${registry.host}/a/b:1`;
      const store = join(directory, "store");
      await pushImage({ source: `oci:${join(directory, "layout")}:it`, target: name }, { store });
      const flags = ["--platform", "linux/amd64", "--json", "--store", store];

      const none = await runCli(["fetch", name, "-o", join(directory, "none"), ...flags]);
      expect([none.exitCode, none.stderr]).toEqual([3, expect.stringContaining("DISK_NOT_FOUND")]);

      const published = await runCli(["publish", name, "--format", "squashfs", ...flags]);
      expect(published.stderr).not.toContain("Error");
      const { description } = JSON.parse(published.stdout) as { description: { sha256: string } };
      const output = join(directory, "disk");
      const fetched = await runCli(["fetch", name, "-o", output, ...flags]);
      expect(JSON.parse(fetched.stdout)).toMatchObject({ source: name, output, description });
      const disk = await readFile(output);
      expect(createHash("sha256").update(disk).digest("hex")).toBe(description.sha256);
      expect(disk.subarray(0, 4).toString()).toBe("hsqs");
    });
    await registry.close();
  });
});
