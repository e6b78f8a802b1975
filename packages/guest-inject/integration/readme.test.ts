import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { readGuestConfig } from "../src/read-guest-config.ts";

const packageDirectory = join(import.meta.dirname, "..");

/** The first block of a language in README.md, in a file inside the package, where its own name can be imported. */
async function writeBlock(
  language: string,
  name: string,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const readme = await readFile(join(packageDirectory, "README.md"), "utf8");
  const [, block = ""] = new RegExp(String.raw`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "m").exec(readme) ?? [];
  await mkdir(join(packageDirectory, "test-results"), { recursive: true });
  const directory = await mkdtemp(join(packageDirectory, "test-results", "readme-"));
  await writeFile(join(directory, name), block);
  return { path: join(directory, name), [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

test("the example of the README prints what its last line says", async () => {
  await using example = await writeBlock("ts", "example.ts");
  // Who runs the tests may have asked for colours.
  const env = { FORCE_COLOR: "0" };
  const { stdout } = await execa(process.execPath, ["--conditions=@bootlayer/source", example.path], { env });
  const said = /\/\/ (\[.*)$/m.exec(await readFile(example.path, "utf8"))?.[1];
  expect(stdout).toBe(said);
});

test("guest.yaml of the README is one, and has every key", async () => {
  await using yaml = await writeBlock("yaml", "guest.yaml");
  const config = await readGuestConfig(yaml.path);
  const keys = Object.keys(config).toSorted();
  expect(keys.join(" ")).toBe(
    "agent dns files hostname hosts init modules mounts network onExit overlay process services ssh version",
  );
  expect(Object.keys(config.process)).toHaveLength(10);
});
