import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ImageWriter } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { fillImage } from "./fill-image.ts";
import { invalidTrees } from "./invalid-trees.ts";
import { treeMaker, type TreeMaker } from "./tree-maker.ts";
import { withDirectory } from "./with-directory.ts";

export interface WriterUnderTest {
  /** Begins an image in which contents stand as they are: as far as the format can, in one piece. */
  readonly create: (path: string, options: { readonly signal?: AbortSignal }) => Promise<ImageWriter>;
  /** Codes of its errors. */
  readonly codes: {
    /** A content that is not what was announced. */
    readonly content: string;
    /** A tree that no format can hold. */
    readonly tree: string;
    /** A call out of order. */
    readonly state: string;
  };
}

/** What rootfs-tree's `image-writer.ts` asks of every image writer, as tests of the file that calls this. */
export function testImageWriter({ create, codes }: WriterUnderTest): void {
  const contentInvalid = expect.objectContaining({ code: codes.content });
  const outOfOrder = expect.objectContaining({ code: codes.state });

  /** A writer, given up after `use` if it has not ended by then. */
  async function withWriter(use: (writer: ImageWriter, path: string) => Promise<void> | void): Promise<void> {
    await withDirectory(async (directory) => {
      const path = join(directory, "image");
      const writer = await create(path, {});
      try {
        await use(writer, path);
      } finally {
        await writer.abort();
      }
    });
  }

  test.each([
    { size: 0 },
    { size: -1 },
    { size: 1.5 },
    { size: NaN },
    { size: 10, dataRegions: [{ offset: 0, length: 0 }] },
    { size: 10, dataRegions: [{ offset: 5, length: 6 }] },
    { size: 10, dataRegions: [{ offset: -1, length: 2 }] },
    { size: 10, dataRegions: [{ offset: 0.5, length: 2 }] },
    {
      size: 10,
      dataRegions: [
        { offset: 4, length: 2 },
        { offset: 5, length: 2 },
      ],
    },
  ])("a shape that contradicts itself is refused: %j", async (shape) => {
    await withWriter((writer) => {
      expect(() => writer.openContent(shape)).toThrow(contentInvalid);
    });
  });

  test("more bytes than announced are refused", async () => {
    await withWriter((writer) => {
      const sink = writer.openContent({ size: 5 });
      void sink.write(Buffer.from("1234"));
      expect(() => sink.write(Buffer.from("56"))).toThrow(contentInvalid);
    });
  });

  test("fewer bytes than announced are refused", async () => {
    const dataRegions = [
      { offset: 0, length: 5 },
      { offset: 40, length: 5 },
    ];
    await withWriter((writer) => {
      const sink = writer.openContent({ size: 50, dataRegions });
      void sink.write(Buffer.from("12345"));
      expect(() => sink.close()).toThrow(contentInvalid);
    });
  });

  test("a closed content takes nothing more", async () => {
    await withWriter((writer) => {
      const sink = writer.openContent({ size: 1 });
      void sink.write(Buffer.from("x"));
      sink.close();
      expect(() => sink.write(Buffer.from("y"))).toThrow(contentInvalid);
      expect(() => sink.close()).toThrow(contentInvalid);
    });
  });

  test("pieces may be views on shared memory", async () => {
    await withWriter(async (writer, path) => {
      const tree = treeMaker(writer);
      const shared = new Uint8Array(new SharedArrayBuffer(200_000)).fill(0x73);
      const sink = writer.openContent({ size: 200_010 });
      await sink.write(shared.subarray(0, 10));
      await sink.write(shared);
      const content = sink.close();
      tree.add("shared", { kind: "file", attributes: tree.root.attributes, size: 200_010, content });
      await writer.finish(tree.root);
      expect((await readFile(path)).includes(Buffer.alloc(200_010, 0x73))).toBe(true);
    });
  });

  test("no content may be open when the image is finished", async () => {
    await withWriter(async (writer) => {
      writer.openContent({ size: 1 });
      await expect(writer.finish(treeMaker(writer).root)).rejects.toEqual(outOfOrder);
    });
  });

  test("after a content that could not be opened only abort may follow", async () => {
    await withWriter((writer) => {
      expect(() => writer.openContent({ size: -5 })).toThrow(contentInvalid);
      expect(() => writer.openContent({ size: 1 })).toThrow(outOfOrder);
    });
  });

  test("until finish has settled there is no image, and abort leaves nothing", async () => {
    await withDirectory(async (directory) => {
      const writer = await create(join(directory, "image"), {});
      await fillSome(treeMaker(writer));
      expect(await readdir(directory)).not.toContain("image");
      await writer.abort();
      await writer.abort();
      expect(await readdir(directory)).toEqual([]);
      await expect(writer.finish(treeMaker(writer).root)).rejects.toEqual(outOfOrder);
    });
  });

  test("abort while finish is at work stops it and leaves nothing", async () => {
    await withDirectory(async (directory) => {
      const writer = await create(join(directory, "image"), {});
      const tree = treeMaker(writer);
      for (let index = 0; index < 10_000; index++) await tree.file(`files/${index}`, "x");
      const finished = writer.finish(tree.root).catch((error: unknown) => error);
      await writer.abort();
      expect(await finished).toEqual(outOfOrder);
      expect(await readdir(directory)).toEqual([]);
    });
  });

  test("an aborted signal stops the next content, finish and the next image with its reason", async () => {
    await withDirectory(async (directory) => {
      const controller = new AbortController();
      const { signal } = controller;
      const first = await create(join(directory, "first"), { signal });
      const second = await create(join(directory, "second"), { signal });
      controller.abort(new Error("enough"));
      expect(() => first.openContent({ size: 5 })).toThrow("enough");
      await first.abort();
      await expect(second.finish(treeMaker(second).root)).rejects.toThrow("enough");
      await expect(create(join(directory, "third"), { signal })).rejects.toThrow("enough");
      expect(await readdir(directory)).toEqual([]);
    });
  });

  test("a tree that no format can hold leaves nothing and spares the image that was there", async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "image");
      await writeFile(path, "the old one");
      const made = fillImage(await create(path, {}), async (tree) => {
        await tree.file("file", "content", { mode: 0o10_000 });
      });
      await expect(made).rejects.toMatchObject({ code: codes.tree });
      expect(await readFile(path, "utf8")).toBe("the old one");
      expect(await readdir(directory)).toEqual(["image"]);
    });
  });

  test.each(invalidTrees())("%s is refused", async (_, root) => {
    await withWriter(async (writer) => {
      await expect(writer.finish(root)).rejects.toMatchObject({ code: codes.tree });
    });
  });
}

async function fillSome(tree: TreeMaker): Promise<void> {
  for (let index = 0; index < 200; index++)
    await tree.file(`directory-${index % 7}/${index}`, Buffer.alloc(index * 997, `${index}`));
  const shape = { size: 400_000, dataRegions: [{ offset: 100_000, length: 150_000 }] };
  await tree.sparseFile("sparse", shape, Buffer.alloc(150_000, "s"));
}
