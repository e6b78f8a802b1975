import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import { run, treeMaker, withDirectory, type TreeMaker } from "@bootlayer/test-fixtures/image-writers";
import { createExt4Image, type CreateExt4ImageOptions } from "../src/index.ts";
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

test("pieces may be views on shared memory", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "disk");
    const writer = await createExt4Image(path);
    const tree = treeMaker(writer);
    const shared = new Uint8Array(new SharedArrayBuffer(200_000)).fill(0x73);
    const sink = writer.openContent({ size: 200_010 });
    void sink.write(shared.subarray(0, 10));
    void sink.write(shared);
    const content = sink.close();
    tree.add("shared", { kind: "file", attributes: tree.root.attributes, size: 200_010, content });
    await writer.finish(tree.root);
    expect((await readFile(path)).includes(Buffer.alloc(200_010, 0x73))).toBe(true);
  });
});

test("until finish has settled there is no image, and abort leaves nothing", async () => {
  await withDirectory(async (directory) => {
    const writer = await createExt4Image(join(directory, "disk"));
    await fillSome(treeMaker(writer));
    expect(await readdir(directory)).not.toContain("disk");
    await writer.abort();
    await writer.abort();
    expect(await readdir(directory)).toEqual([]);
    await expect(writer.finish(treeMaker(writer).root)).rejects.toMatchObject({ code: "EXT4_WRITER_STATE" });
  });
});

test("abort while finish is at work stops it and leaves nothing", async () => {
  await withDirectory(async (directory) => {
    const writer = await createExt4Image(join(directory, "disk"));
    const tree = treeMaker(writer);
    for (let index = 0; index < 10_000; index++) await tree.file(`files/${index}`, "x");
    const finished = writer.finish(tree.root).catch((error: unknown) => error);
    await writer.abort();
    expect(await finished).toMatchObject({ code: "EXT4_WRITER_STATE" });
    expect(await readdir(directory)).toEqual([]);
  });
});

test("an aborted signal stops the next content and finish with its reason", async () => {
  await withDirectory(async (directory) => {
    const controller = new AbortController();
    const { signal } = controller;
    const first = await createExt4Image(join(directory, "first"), { signal });
    const second = await createExt4Image(join(directory, "second"), { signal });
    controller.abort(new Error("enough"));
    expect(() => first.openContent({ size: 5 })).toThrow("enough");
    await first.abort();
    await expect(second.finish(treeMaker(second).root)).rejects.toThrow("enough");
    expect(await readdir(directory)).toEqual([]);
  });
});

test("a tree that ext4 cannot hold leaves nothing and spares the image that was there", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "disk");
    await writeFile(path, "the old one");
    await expect(makeImage(path, {}, (tree) => tree.file("f", "", { mode: 0o10_000 }))).rejects.toMatchObject(
      { code: "EXT4_TREE_INVALID" },
    );
    expect(await readFile(path, "utf8")).toBe("the old one");
    expect(await readdir(directory)).toEqual(["disk"]);
  });
});

const judge = requireJudge("root", "mount");
describe.skipIf(judge.skip)(`on a full disk${judge.reason}`, () => {
  test.each([
    { title: "in contents", bytes: 6_000_000 },
    { title: "in metadata", bytes: 2_900_000 },
  ])("running out of space $title is FILE_NO_SPACE, and nothing stays", async ({ bytes }) => {
    await withDirectory(async (directory) => {
      const small = join(directory, "small");
      await mkdir(small);
      await run("mount", "-t", "tmpfs", "-o", "size=3m", "none", small);
      try {
        await expect(
          makeImage(join(small, "disk"), {}, async (tree) => {
            await tree.file("file", Buffer.alloc(bytes, "f"));
            for (let index = 0; index < 3000; index++) tree.symlink(`${index}`, "t".repeat(100));
          }),
        ).rejects.toMatchObject({ code: "FILE_NO_SPACE" });
        expect(await readdir(small)).toEqual([]);
      } finally {
        await run("umount", small);
      }
    });
  });
});
