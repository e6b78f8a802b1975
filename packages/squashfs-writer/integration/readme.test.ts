import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  codeBlocks,
  requireJudge,
  runExample,
  withMount,
  writeExample,
  type WrittenExample,
} from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");
const judge = requireJudge("root", "mount");

async function greetingIn({ directory }: WrittenExample): Promise<string> {
  const image = join(directory, "root.squashfs");
  return await withMount(image, { type: "squashfs" }, (root) => readFile(join(root, "greeting"), "utf8"));
}

describe.skipIf(judge.skip)(`the README's examples${judge.reason}`, () => {
  test("the first writes an image that the kernel mounts", async () => {
    const [program = ""] = await codeBlocks(readme);
    await using example = await writeExample(packageDirectory, "example.ts", program);
    await runExample(example);
    expect(await greetingIn(example)).toBe("hello\n");
  });

  test("the second makes one file of it, threads included", async () => {
    const [program = "", bundle = ""] = await codeBlocks(readme);
    // The packages' sources are what is here.
    const fromSources = bundle.replaceAll(
      "bundle: true,",
      'bundle: true, conditions: ["@bootlayer/source"],',
    );
    await using example = await writeExample(packageDirectory, "bundle.ts", fromSources);
    await writeFile(join(example.directory, "program.ts"), program);
    await runExample(example);
    const { status, stderr } = spawnSync(process.execPath, ["program.mjs"], { cwd: example.directory });
    expect(stderr.toString()).toBe("");
    expect(status).toBe(0);
    expect(await greetingIn(example)).toBe("hello\n");
  });
});
