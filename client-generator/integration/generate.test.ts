import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

test("the client's document and types are those of what the server serves now", () => {
  const program = join(import.meta.dirname, "../generate.ts");
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@bootlayer/source", program, "--check"],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
