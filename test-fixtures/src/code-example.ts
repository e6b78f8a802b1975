import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

/** The blocks of one language in a Markdown file, in their order. Throws where there is none. */
export async function codeBlocks(path: string, language = "ts"): Promise<readonly string[]> {
  const pattern = new RegExp(String.raw`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm");
  const text = await readFile(path, "utf8");
  const blocks = Array.from(text.matchAll(pattern), ([, block = ""]) => block);
  if (blocks.length === 0) throw new Error(`${path} has no block of ${language}`);
  return blocks;
}

export interface WrittenExample extends AsyncDisposable {
  /** Inside the package, where its own name can be imported; nobody else's, and gone when this is disposed of. */
  readonly directory: string;
  readonly path: string;
}

/** Writes an example into a file of its own. */
export async function writeExample(
  packageDirectory: string,
  name: string,
  text: string,
): Promise<WrittenExample> {
  const results = join(packageDirectory, "test-results");
  await mkdir(results, { recursive: true });
  const directory = await mkdtemp(join(results, "readme-"));
  const path = join(directory, name);
  await writeFile(path, text);
  return { directory, path, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

/** Runs it as its users do, from the packages' sources, where it lies; answers with what it prints. Throws where it fails. */
export async function runExample({ directory, path }: WrittenExample): Promise<string> {
  const { stdout } = await execa(process.execPath, ["--conditions=@bootlayer/source", path], {
    cwd: directory,
    // Who runs the tests may have asked for colours, or have logged in somewhere.
    env: { FORCE_COLOR: "0", NO_COLOR: undefined, DOCKER_CONFIG: directory, HOME: directory },
  });
  return stdout;
}
