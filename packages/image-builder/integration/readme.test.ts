import { join } from "node:path";
import {
  image,
  layerBlob,
  codeBlocks,
  requireJudge,
  runExample,
  startDockerRegistry,
  tarArchive,
  writeExample,
  writeLayout,
} from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { pushImage } from "../src/index.ts";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");
const small = image([layerBlob(tarArchive([{ name: "file", content: "content" }]))], {
  architecture: process.arch === "arm64" ? "arm64" : "amd64",
});

const judge = requireJudge("docker-registry");
describe.skipIf(judge.skip)(`the examples of README.md run${judge.reason}`, () => {
  test.each([
    [0, /^sha256:[0-9a-f]{64} \d+ false$/],
    [1, /^127\.0\.0\.1:\d+\/library\/alpine:3\.22 \d+ 0\n\d+$/],
  ])("example %i", async (index, output) => {
    const registry = await startDockerRegistry();
    onTestFinished(() => registry.close());
    const target = `${registry.host}/library/alpine:3.22`;
    const block = (await codeBlocks(readme))[index] ?? "";
    const program = block
      .replaceAll("docker.io/library/alpine:3.22", target)
      .replaceAll("registry.example.com", registry.host)
      .replaceAll("/var/lib/bootlayer", "store");
    await using example = await writeExample(packageDirectory, "example.ts", program);
    const layout = join(example.directory, "layout");
    await writeLayout(layout, { small });
    await pushImage({ source: `oci:${layout}`, target }, { store: join(example.directory, "store") });
    expect(await runExample(example)).toMatch(output);
  });
});
