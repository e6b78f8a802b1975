import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { namesIn } from "./index.ts";

test("a directory that is not there has no names; one that cannot be looked for is an error", async () => {
  const directory = await mkdtemp(join(tmpdir(), "names-in-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "file"), "");
  expect(await namesIn(directory)).toEqual(["file"]);
  expect(await namesIn(join(directory, "nothing"))).toEqual([]);
  await expect(namesIn(`${directory}\0`)).rejects.toMatchObject({ code: "FILE_FAILED" });
});
