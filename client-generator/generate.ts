/**
 * `node --conditions=@bootlayer/source generate.ts` writes the client's document and types; with `--check` it writes nothing and fails
 * where they are not what the server serves.
 */
import { readFile, writeFile } from "node:fs/promises";
import { relative } from "node:path";
import { generatedFiles } from "./generated-files.ts";

const isCheck = process.argv.includes("--check");
for (const [path, text] of await generatedFiles()) {
  const name = relative(process.cwd(), path);
  const found = await readFile(path, "utf8").catch(() => "");
  if (found === text) continue;
  if (isCheck) {
    process.exitCode = 1;
    process.stderr.write(`${name} is not what the server serves: npm run generate -w client-generator\n`);
  } else {
    await writeFile(path, text);
    process.stdout.write(`${name} written\n`);
  }
}
