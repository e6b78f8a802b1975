import { join } from "node:path";
import { codeBlocks, runExample, writeExample } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");

test("the README's examples run, one after the other, and say what they say", async () => {
  const program = (await codeBlocks(readme)).join("\n").replaceAll("/srv/images", "images");
  await using example = await writeExample(packageDirectory, "example.ts", program);
  const printed = await runExample(example);
  expect(printed).toContain("{ downloadedBytes: 5000000, resumedAt: 0, cached: false }");
  expect(printed).toContain("name: 'example.com/tools/one:1'");
  expect(printed).toMatch(/\n3 blobs, 5000\d{3} bytes$/);
});
