import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { requireJudge } from "@bootlayer/test-fixtures";
import {
  treeMaker,
  withDirectory,
  withSmallDisk,
  type TreeMaker,
} from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { createSquashfsImage, type SquashfsOptions } from "../src/index.ts";
import { makeImage } from "./judging.ts";

/** Bytes that shrink by half or so, and are the same in every run. */
function bytesOf(seed: number, length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed + 1;
  for (let at = 0; at < words.length; at += 2)
    words[at] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Buffer.from(words.buffer, 0, length);
}

async function fillSome(tree: TreeMaker): Promise<void> {
  for (let index = 0; index < 120; index++)
    await tree.file(`directory-${index % 7}/${index}`, bytesOf(index % 100, (index % 50) * 997));
  for (let index = 0; index < 5; index++) {
    const large = bytesOf(index % 3, 500_000 + (index % 3));
    await tree.file(`large-${index}`, large);
  }
  const shape = { size: 400_000, dataRegions: [{ offset: 100_000, length: 150_000 }] };
  await tree.sparseFile("sparse", shape, Buffer.alloc(150_000, "s"));
}

test.each([
  { compression: { kind: "zstd", level: 3 }, blockSize: 16384 },
  { compression: { kind: "gzip", level: 6 }, blockSize: 4096 },
  { compression: { kind: "xz", level: 1 } },
  { compression: { kind: "lz4" }, fragments: false },
] satisfies SquashfsOptions[])(
  "the same calls make the same bytes, whatever the number of threads and the pieces (%j)",
  async (options) => {
    await withDirectory(async (directory) => {
      const images = [];
      for (const [threads, piece] of [
        [0, 64],
        [1, 4096],
        [2, 1_000_000],
        [5, 10_000],
      ] as const) {
        const path = join(directory, `${threads}`);
        const writer = await createSquashfsImage(path, { ...options, threads });
        const tree = treeMaker(writer, piece);
        await fillSome(tree);
        const summary = await writer.finish(tree.root);
        images.push({ bytes: await readFile(path), summary });
      }
      for (const { bytes, summary } of images) {
        expect(bytes.length).toBe(summary.bytes);
        expect(bytes.equals(images[0]?.bytes ?? Buffer.alloc(0))).toBe(true);
        expect(summary).toEqual(images[0]?.summary);
      }
      expect(images[0]?.summary.duplicateFiles).toBeGreaterThan(2);
    });
  },
);

test.each([0, 2])(
  "abort while finish is at work stops it and leaves nothing (%i threads)",
  async (threads) => {
    await withDirectory(async (directory) => {
      const writer = await createSquashfsImage(join(directory, "image"), { threads });
      const tree = treeMaker(writer);
      await fillSome(tree);
      const finished = writer.finish(tree.root).catch((error: unknown) => error);
      await writer.abort();
      expect(await finished).toMatchObject({ code: "SQUASHFS_WRITER_STATE" });
      expect(await readdir(directory)).toEqual([]);
    });
  },
);

test.each([0, 2])("abort ends a write that waits (%i threads)", async (threads) => {
  await withDirectory(async (directory) => {
    const writer = await createSquashfsImage(join(directory, "image"), { threads });
    const sink = writer.openContent({ size: 20_000_000 });
    const written = Promise.resolve(sink.write(bytesOf(1, 20_000_000))).catch((error: unknown) => error);
    await writer.abort();
    expect(await written).toMatchObject({ code: "SQUASHFS_WRITER_STATE" });
    expect(await readdir(directory)).toEqual([]);
  });
});

test("an aborted signal stops a write that waits with its reason", async () => {
  await withDirectory(async (directory) => {
    const controller = new AbortController();
    const writer = await createSquashfsImage(join(directory, "image"), { signal: controller.signal });
    const sink = writer.openContent({ size: 20_000_000 });
    const written = Promise.resolve(sink.write(bytesOf(1, 20_000_000))).catch((error: unknown) => error);
    controller.abort(new Error("enough"));
    expect(await written).toMatchObject({ message: "enough" });
    await writer.abort();
    expect(await readdir(directory)).toEqual([]);
  });
});

test("what a killed process left is swept by the next writer of the same image", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "image");
    const child = fork(fileURLToPath(new URL("unfinished-image.ts", import.meta.url)), [path, "stay"]);
    const exited = once(child, "exit");
    await Promise.race([once(child, "message"), exited]);
    expect(await readdir(directory)).toHaveLength(1);
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);
    expect(await readdir(directory)).toHaveLength(1);
    await makeImage(path, {}, fillSome);
    expect(await readdir(directory)).toEqual(["image"]);
  });
});

test("a program that neither finishes nor aborts still ends", async () => {
  await withDirectory(async (directory) => {
    const child = fork(fileURLToPath(new URL("unfinished-image.ts", import.meta.url)), [
      join(directory, "image"),
    ]);
    // It may have ended before anybody asks.
    const exited = once(child, "exit");
    await once(child, "message");
    expect(await exited).toEqual([0, null]);
  });
});

const judge = requireJudge("root", "mount");
describe.skipIf(judge.skip)(`on a full disk${judge.reason}`, () => {
  test.each([
    { title: "in contents", bytes: 6_000_000, threads: 2 },
    { title: "in contents, without threads", bytes: 6_000_000, threads: 0 },
    { title: "in metadata", bytes: 3_050_000, threads: 2 },
  ])("running out of space $title is FILE_NO_SPACE, and nothing stays", async ({ bytes, threads }) => {
    await withSmallDisk(async (directory) => {
      const options = { compression: { kind: "lz4" }, threads } as const;
      const made = makeImage(join(directory, "image"), options, async (tree) => {
        await tree.file("file", randomBytes(bytes));
        for (let index = 0; index < 2000; index++) tree.symlink(`${index}`, randomBytes(100).toString("hex"));
      });
      await expect(made).rejects.toMatchObject({ code: "FILE_NO_SPACE" });
      expect(await readdir(directory)).toEqual([]);
    });
  });
});
