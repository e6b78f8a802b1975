import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { withDirectory, withSmallDisk, type TreeMaker } from "@bootlayer/test-fixtures/image-writers";
import type { CreateExt4ImageOptions } from "../src/index.ts";
import { describe, expect, test } from "vitest";
import { makeImage } from "./judging.ts";

async function fillSome(tree: TreeMaker): Promise<void> {
  for (let index = 0; index < 200; index++)
    await tree.file(`directory-${index % 7}/${index}`, Buffer.alloc(index * 997, `${index}`));
  await tree.sparseFile(
    "sparse",
    { size: 400_000, dataRegions: [{ offset: 100_000, length: 150_000 }] },
    Buffer.alloc(150_000, "s"),
  );
}

test.each([{}, { blockSize: 1024, journal: false }] satisfies CreateExt4ImageOptions[])(
  "the same calls make the same bytes, whatever pieces the contents come in (%j)",
  async (options) => {
    await withDirectory(async (directory) => {
      const pieces = [64, 4096, 1_000_000];
      const images = [];
      for (const piece of pieces) {
        const { path, summary } = await makeImage(join(directory, `${piece}`), options, fillSome, piece);
        images.push({ bytes: await readFile(path), length: summary.bytes });
      }
      for (const { bytes, length } of images) {
        expect(bytes.length).toBe(length);
        expect(bytes.equals(images[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
      }
    });
  },
);

const judge = requireJudge("root", "mount");
describe.skipIf(judge.skip)(`on a full disk${judge.reason}`, () => {
  test.each([
    { title: "in contents", bytes: 6_000_000 },
    { title: "in metadata", bytes: 2_900_000 },
  ])("running out of space $title is FILE_NO_SPACE, and nothing stays", async ({ bytes }) => {
    await withSmallDisk(async (directory) => {
      const made = makeImage(join(directory, "disk"), {}, async (tree) => {
        await tree.file("file", Buffer.alloc(bytes, "f"));
        for (let index = 0; index < 3000; index++) tree.symlink(`${index}`, "t".repeat(100));
      });
      await expect(made).rejects.toMatchObject({ code: "FILE_NO_SPACE" });
      expect(await readdir(directory)).toEqual([]);
    });
  });
});
