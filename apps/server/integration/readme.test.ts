import { join } from "node:path";
import { codeBlocks, runExample, writeExample } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { withEmptyDatabase } from "./template-database.ts";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");

test("the README's example starts a server, which ends by itself", async () => {
  const [block = ""] = await codeBlocks(readme);
  const program = block.replaceAll("/var/lib/bootlayer-server", "store");
  await using example = await writeExample(packageDirectory, "example.ts", program);
  await withEmptyDatabase(join(example.directory, "store"));
  expect(await runExample(example)).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/m);
});
