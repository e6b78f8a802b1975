import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("the README's examples run, one after the other, and say what they say", async () => {
  const root = join(import.meta.dirname, "..");
  const directory = await mkdtemp(join(tmpdir(), "blob-store-readme-"));
  const readme = await readFile(join(root, "README.md"), "utf8");
  const blocks = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? "");
  const program = join(root, "test-results/readme.ts");
  try {
    await mkdir(join(root, "test-results"), { recursive: true });
    await writeFile(program, blocks.join("\n").replaceAll("/srv/images", directory));
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ["--conditions=@bootlayer/source", program], {
      // Who runs the tests may have asked for colours.
      env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined },
    });
    expect(stdout).toContain("{ downloadedBytes: 5000000, resumedAt: 0, cached: false }");
    expect(stdout).toContain("name: 'example.com/tools/one:1'");
    expect(stdout).toMatch(/\n3 blobs, 5000\d{3} bytes\n$/);
  } finally {
    await rm(program, { force: true });
    await rm(directory, { recursive: true });
  }
});
