import { join } from "node:path";
import { requireJudge, withMount } from "@bootlayer/test-fixtures";
import {
  attributes,
  run,
  withDirectory,
  xattrs,
  type TreeMaker,
} from "@bootlayer/test-fixtures/image-writers";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import type { SquashfsCompression } from "../src/index.ts";
import { makeImage } from "./judging.ts";

/** All that tar can carry: no sockets. */
async function fill(tree: TreeMaker): Promise<void> {
  await tree.file("bin/su", "#!", {
    mode: 0o4755,
    uid: 5,
    xattrs: xattrs({ "user.a": "b", "trusted.c": "d" }),
  });
  const linked = await tree.file("a/linked", "one file, three names");
  tree.add("a/link", linked);
  tree.add("z", linked);
  for (let index = 0; index < 500; index++)
    await tree.file(`many/${index % 9}/${"n".repeat(index % 50)}${index}`, "content ".repeat(index), {
      uid: index,
    });
  tree.symlink("links/short", "t");
  tree.symlink("links/long", "t".repeat(4000));
  tree.directory("empty", { mode: 0o1777, gid: 7 });
  tree.add("fifo", { kind: "fifo", attributes: attributes() });
  tree.add("zero", { kind: "character-device", attributes: attributes(), device: { major: 1, minor: 5 } });
  tree.add("disk", { kind: "block-device", attributes: attributes(), device: { major: 259, minor: 70_000 } });
  await tree.file("zeros", Buffer.alloc(400_000));
  await tree.file("sizes/block", Buffer.alloc(131_072, "block "));
  await tree.file("sizes/more", Buffer.alloc(700_001, "and more; "));
  for (const name of ["one", "two"]) await tree.file(`copies/${name}`, Buffer.alloc(200_000, "copy "));
}

/** An archive of what the kernel shows of an image. */
async function archive(image: string, tar: string): Promise<void> {
  await withMount(image, { type: "squashfs" }, async (mounted) => {
    const metadata = ["--numeric-owner", "--xattrs", "--xattrs-include=*"];
    await run("tar", "--create", "--format=posix", ...metadata, "--file", tar, "--directory", mounted, ".");
  });
}

/** Attributes come in any order. */
function sorted(text: string): string[] {
  return text.split("\n").toSorted();
}

const compressions: readonly SquashfsCompression[] = [
  { kind: "zstd" },
  { kind: "gzip" },
  { kind: "xz" },
  { kind: "lz4", highCompression: true },
];

const judge = requireJudge("root", "mount", "tar", "sqfstar", "tar2sqfs", "sqfsdiff", "rdsquashfs");
describe.skipIf(judge.skip)(`beside the peers' images of the same tree${judge.reason}`, () => {
  test.each(compressions)("sqfsdiff finds no difference, by %o", async (compression) => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), { compression }, fill);
      const tar = join(directory, "tree.tar");
      await archive(path, tar);
      const peer = join(directory, "sqfstar");
      await execa("sqfstar", ["-comp", compression.kind, peer], { inputFile: tar });
      // sqfstar gives the root attributes of its own.
      const { stdout } = await execa("sqfsdiff", ["-T", "-a", path, "-b", peer], { reject: false });
      expect(stdout.split("\n").filter((line) => !line.startsWith("/ has "))).toEqual([]);
      const other = join(directory, "tar2sqfs");
      await execa("tar2sqfs", ["--quiet", "--compressor", compression.kind, other], { inputFile: tar });
      await run("sqfsdiff", "-T", "-a", path, "-b", other);
    });
  });

  test("rdsquashfs describes the same tree, attributes and contents", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), {}, fill);
      const tar = join(directory, "tree.tar");
      await archive(path, tar);
      const peer = join(directory, "tar2sqfs");
      await execa("tar2sqfs", ["--quiet", peer], { inputFile: tar });
      for (const args of [
        ["-d"],
        ["-x", "bin/su"],

        ["-c", "sizes/more"],
        ["-l", "many/3"],
      ]) {
        const shown = (image: string) => run("rdsquashfs", ...args, image);
        expect(sorted(await shown(path))).toEqual(sorted(await shown(peer)));
      }
    });
  });
});
