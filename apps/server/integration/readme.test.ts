import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { withEmptyDatabase } from "./template-database.ts";

test("the README's example starts a server, which ends by itself", async () => {
  const root = join(import.meta.dirname, "..");
  const directory = await withEmptyDatabase(await mkdtemp(join(tmpdir(), "server-readme-")));
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, code = ""] = /^```ts\n(.*?)^```$/ms.exec(readme) ?? [];
  const program = join(root, "test-results/readme.ts");
  try {
    await mkdir(join(root, "test-results"), { recursive: true });
    await writeFile(program, code.replaceAll("/var/lib/bootlayer-server", directory));
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--conditions=@bootlayer/source",
      program,
    ]);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/m);
  } finally {
    await rm(program, { force: true });
    await rm(directory, { recursive: true });
  }
});
