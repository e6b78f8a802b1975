import { join } from "node:path";
import { codeBlocks, runExample, writeExample } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { readGuestConfig } from "../src/read-guest-config.ts";

const packageDirectory = join(import.meta.dirname, "..");
const readme = join(packageDirectory, "README.md");

test("the example of the README prints what its last line says", async () => {
  const [program = ""] = await codeBlocks(readme);
  await using example = await writeExample(packageDirectory, "example.ts", program);
  const said = /\/\/ (\[.*)$/m.exec(program)?.[1];
  expect(await runExample(example)).toBe(said);
});

test("guest.yaml of the README is one, and has every key", async () => {
  const [text = ""] = await codeBlocks(readme, "yaml");
  await using yaml = await writeExample(packageDirectory, "guest.yaml", text);
  const config = await readGuestConfig(yaml.path);
  const keys = Object.keys(config).toSorted();
  expect(keys.join(" ")).toBe(
    "agent dns files hostname hosts init modules mounts network onExit overlay process services ssh version",
  );
  expect(Object.keys(config.process)).toHaveLength(10);
});
