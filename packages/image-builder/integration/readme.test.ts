import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  image,
  layerBlob,
  requireJudge,
  startDockerRegistry,
  tarArchive,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { pushImage } from "../src/index.ts";

const packageDirectory = join(import.meta.dirname, "..");
const small = image([layerBlob(tarArchive([{ name: "file", content: "content" }]))], {
  architecture: process.arch === "arm64" ? "arm64" : "amd64",
});

const judge = requireJudge("docker-registry");
describe.skipIf(judge.skip)(`the examples of README.md run${judge.reason}`, () => {
  test.each([
    [0, /^sha256:[0-9a-f]{64} \d+ false\n$/],
    [1, /^127\.0\.0\.1:\d+\/library\/alpine:3\.22 \d+ 0\n\d+\n$/],
  ])("example %i", async (index, output) => {
    const readme = await readFile(join(packageDirectory, "README.md"), "utf8");
    const blocks = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block = ""]) => block);
    await mkdir(join(packageDirectory, "test-results"), { recursive: true });
    const directory = await mkdtemp(join(packageDirectory, "test-results", "readme-"));
    const registry = await startDockerRegistry();
    try {
      await writeLayout(join(directory, "layout"), { small });
      const target = `${registry.host}/library/alpine:3.22`;
      const store = join(directory, "store");
      await pushImage({ source: `oci:${join(directory, "layout")}`, target }, { store });
      const example = (blocks[index] ?? "")
        .replaceAll("docker.io/library/alpine:3.22", target)
        .replaceAll("registry.example.com", registry.host)
        .replaceAll("/var/lib/bootlayer", store);
      await writeFile(join(directory, "example.ts"), example);
      const run = promisify(execFile)(process.execPath, ["--conditions=@bootlayer/source", "example.ts"], {
        cwd: directory,
        env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined },
      });
      expect((await run).stdout).toMatch(output);
    } finally {
      await registry.close();
      await rm(directory, { recursive: true });
    }
  });
});
