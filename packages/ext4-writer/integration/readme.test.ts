import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  e2fsck,
  codeBlocks,
  requireJudge,
  runExample,
  withMount,
  writeExample,
} from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");
const judge = requireJudge("root", "e2fsck", "mount");

function readGreeting(root: string): Promise<string> {
  return readFile(join(root, "greeting"), "utf8");
}

describe.skipIf(judge.skip)(`the README's example${judge.reason}`, () => {
  test("writes a disk that the kernel mounts", async () => {
    const [program = ""] = await codeBlocks(readme);
    await using example = await writeExample(packageDirectory, "example.ts", program);
    await runExample(example);
    const disk = join(example.directory, "disk.ext4");
    await e2fsck(disk);
    expect(await withMount(disk, { type: "ext4" }, readGreeting)).toBe("hello\n");
  });
});
