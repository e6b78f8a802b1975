import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "@bootlayer/image-spec";
import { requireJudge, startDockerRegistry } from "@bootlayer/test-fixtures";
import { execa } from "execa";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchManifest, parseReference } from "../src/index.ts";
import { connect, layer, serve } from "./loopback.ts";

const packageDirectory = join(import.meta.dirname, "..");
const { signal } = new AbortController();

/** Runs the example of README.md that has `call` in it, with another reference than its own; answers with its directory. */
async function runExample(
  call: string,
  reference: string,
): Promise<{ readonly directory: string; readonly stdout: string }> {
  const readme = await readFile(join(packageDirectory, "README.md"), "utf8");
  const blocks = Array.from(readme.matchAll(/^```ts\n([^]*?)^```$/gm), ([, block = ""]) => block);
  const example = blocks.find((block) => block.includes(call)) ?? "";
  expect(example).toMatch(/parseReference\("[^"]*"\)/);
  // Inside the package, where its own name can be imported.
  await mkdir(join(packageDirectory, "test-results"), { recursive: true });
  const directory = await mkdtemp(join(packageDirectory, "test-results", "readme-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const here = example.replace(/parseReference\("[^"]*"\)/, `parseReference(${JSON.stringify(reference)})`);
  await writeFile(join(directory, "example.ts"), here);
  const { stdout } = await execa(process.execPath, ["--conditions=@bootlayer/source", "example.ts"], {
    cwd: directory,
    // Who runs the tests may have logged in somewhere.
    env: { FORCE_COLOR: "0", DOCKER_CONFIG: directory, HOME: directory },
  });
  return { directory, stdout };
}

test("the example that pulls brings the layers as they are", async () => {
  const registry = await serve();
  const { directory } = await runExample("fetchBlob(", `${registry.host}/test:latest`);
  const name = layer.descriptor.digest.replace(":", "-");
  expect((await readFile(join(directory, name))).equals(layer.bytes)).toBe(true);
});

const judge = requireJudge("docker-registry");

describe.skipIf(judge.skip)(`with Debian's docker-registry${judge.reason}`, () => {
  test("the example that pushes stores an artifact, and finds it again", async () => {
    const registry = await startDockerRegistry();
    onTestFinished(() => registry.close());
    const { stdout } = await runExample("pushManifest(", `${registry.host}/team/notes:1.0`);
    const { client } = connect();
    const { descriptor, bytes } = await fetchManifest(
      client,
      parseReference(`${registry.host}/team/notes:1.0`),
      signal,
    );
    expect(descriptor.digest).toBe(digestOf(bytes));
    expect(stdout).toBe("1.0");
  });
});
