import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { BootlayerError } from "@bootlayer/errors";
import { expect, test } from "vitest";
import { exitCodeOf, exitCodes, formatError } from "./exit-code.ts";

test("every code ends with the exit code that docs/errors.md says", async () => {
  const catalogue = await readFile(join(import.meta.dirname, "../../../docs/errors.md"), "utf8");
  const rows = [...catalogue.matchAll(/^\| `([A-Z0-9_]+)` \| .* \| (\d+) \|$/gm)];
  expect(rows.length).toBeGreaterThan(50);
  const documented = rows.map(([, code = "", exit]) => [code, Number(exit)]);
  expect(documented).toEqual(
    documented.map(([code]) => [code, exitCodeOf(new BootlayerError(String(code), "", ""))]),
  );
});

test("what is no typed error, or has an unknown code, is a fault of our own", () => {
  expect(exitCodeOf(new TypeError("x"))).toBe(exitCodes.unexpected);
  expect(exitCodeOf(new BootlayerError("constructor", "", ""))).toBe(exitCodes.unexpected);
  expect(formatError(new TypeError("x"))).toContain("please report it");
});

test("a person gets the message, the hint and the code", () => {
  expect(formatError(new BootlayerError("FILE_NO_SPACE", "cannot write a: ENOSPC", "free space"))).toBe(
    "bootlayer: cannot write a: ENOSPC\n  free space (FILE_NO_SPACE)",
  );
});
