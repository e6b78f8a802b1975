import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@bootlayer/image-spec";
import {
  codeBlocks,
  requireJudge,
  runExample,
  startDockerRegistry,
  writeExample,
  type WrittenExample,
} from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchManifest, parseReference } from "../src/index.ts";
import { connect, layer, serve } from "./loopback.ts";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");
const { signal } = new AbortController();

/** The example of README.md that has `call` in it, with another reference than its own. */
async function exampleOf(call: string, reference: string): Promise<WrittenExample> {
  const blocks = await codeBlocks(readme);
  const example = blocks.find((block) => block.includes(call)) ?? "";
  expect(example).toMatch(/parseReference\("[^"]*"\)/);
  const here = example.replace(/parseReference\("[^"]*"\)/, `parseReference(${JSON.stringify(reference)})`);
  return await writeExample(packageDirectory, "example.ts", here);
}

test("the example that pulls brings the layers as they are", async () => {
  const registry = await serve();
  await using example = await exampleOf("fetchBlob(", `${registry.host}/test:latest`);
  await runExample(example);
  const name = layer.descriptor.digest.replace(":", "-");
  expect((await readFile(join(example.directory, name))).equals(layer.bytes)).toBe(true);
});

const judge = requireJudge("docker-registry");

describe.skipIf(judge.skip)(`with Debian's docker-registry${judge.reason}`, () => {
  test("the example that pushes stores an artifact, and finds it again", async () => {
    const registry = await startDockerRegistry();
    onTestFinished(() => registry.close());
    await using example = await exampleOf("pushManifest(", `${registry.host}/team/notes:1.0`);
    expect(await runExample(example)).toBe("1.0");
    const { client } = connect();
    const { descriptor, bytes } = await fetchManifest(
      client,
      parseReference(`${registry.host}/team/notes:1.0`),
      signal,
    );
    expect(descriptor.digest).toBe(digestOf(bytes));
  });
});
