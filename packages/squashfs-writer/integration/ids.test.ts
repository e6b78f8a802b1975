import { join } from "node:path";
import { requireJudge, withMount } from "@bootlayer/test-fixtures";
import { run, withDirectory, type TreeMaker } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { makeImage } from "./judging.ts";

/** Files whose owners and groups all differ. */
async function fill(tree: TreeMaker, files: number): Promise<void> {
  for (let index = 1; index <= files; index++)
    await tree.file(`${index % 100}/${index}`, "", { uid: index, gid: 4_294_967_295 - index });
}

test("a 65,536th owner is refused", async () => {
  await withDirectory(async (directory) => {
    const made = makeImage(join(directory, "image"), {}, (tree) => fill(tree, 32_768));
    await expect(made).rejects.toMatchObject({ code: "SQUASHFS_TOO_MANY_IDS" });
  });
});

const judge = requireJudge("root", "mount", "find", "unsquashfs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test("65,535 owners and groups are told apart", async () => {
    await withDirectory(async (directory) => {
      const { path, summary } = await makeImage(join(directory, "image"), {}, (tree) => fill(tree, 32_767));
      expect(summary.ids).toBe(65_535);
      const owners = await withMount(path, { type: "squashfs" }, (mounted) =>
        run("find", mounted, "-type", "f", "-printf", "%f %U %G\n"),
      );
      const lines = owners.split("\n");
      expect(lines).toHaveLength(32_767);
      for (const line of lines) {
        const name = line.slice(0, line.indexOf(" "));
        expect(line).toBe(`${name} ${name} ${4_294_967_295 - Number(name)}`);
      }
      expect(await run("unsquashfs", "-s", path)).toContain("Number of ids 65535");
    });
  });
});
