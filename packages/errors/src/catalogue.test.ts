import { glob, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../../..");

/** The members of each `export type ...ErrorCode = "A" | "B"` in a package's errors.ts. */
function codesOf(source: string): string[] {
  const unions = source.matchAll(/export type \w+ErrorCode =([^;]+);/g);
  return [...unions].flatMap(([, members = ""]) =>
    [...members.matchAll(/"([A-Z0-9_]+)"/g)].map(([, code = ""]) => code),
  );
}

test("docs/errors.md lists exactly the codes of all packages, each once", async () => {
  const files = await Array.fromAsync(glob("{packages,apps}/*/src/errors.ts", { cwd: root }));
  expect(files.length).toBeGreaterThan(6);
  const sources = await Promise.all(files.map((file) => readFile(join(root, file), "utf8")));
  const catalogue = await readFile(join(root, "docs/errors.md"), "utf8");
  const listed = [...catalogue.matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(([, code]) => code);
  expect(listed.toSorted()).toEqual(sources.flatMap(codesOf).toSorted());
});
