import { access, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ByteString } from "@bootlayer/rootfs-tree";
import { requireJudge, withMount } from "@bootlayer/test-fixtures";
import { attributes, run, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage, type MadeImage } from "./judging.ts";

const judge = requireJudge("root", "mount", "python3", "unsquashfs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test("100,000 names in a directory are listed and found, and no others", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), { compression: { kind: "lz4" } }, (tree) => {
        const node = { kind: "fifo", attributes: attributes() } as const;
        const names = tree.directory("names");
        for (let index = 0; index < 100_000; index++)
          names.entries.set(`${index}${"-".repeat(index % 60)}` as ByteString, { ...node });
      });
      await withMount(path, { type: "squashfs" }, async (mounted) => {
        const at = (name: string): string => join(mounted, "names", name);
        const counted = await run("find", join(mounted, "names"), "-type", "p", "-printf", ".");
        expect(counted).toHaveLength(100_000);
        for (let index = 0; index < 100_000; index += 97)
          await access(at(`${index}${"-".repeat(index % 60)}`));
        for (const missing of ["!", "1!", "50000", "99999~", "~", "n".repeat(255)])
          await expect(access(at(missing))).rejects.toMatchObject({ code: "ENOENT" });
      });
    });
  });

  test.each([8, 255])(
    "directories about as long as a chunk and as 64 KiB are read whole: names of %i bytes",
    async (length) => {
      await withDirectory(async (directory) => {
        const image = await makeImage(join(directory, "image"), {}, (tree) => {
          for (const size of [8192, 65_533]) {
            const names = Math.floor(size / (length + 8));
            for (let more = -1; more <= 1; more++)
              for (let index = 0; index < names + more; index++)
                tree.add(`${size}/${more}/${String(index).padStart(length, "n")}`, {
                  kind: "fifo",
                  attributes: attributes(),
                });
          }
        });
        await expectKernelAgrees(image);
      });
    },
  );

  test("hard links may be far from their inode", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), {}, async (tree) => {
        const near = await tree.file("z/near", "near");
        const far = await tree.file("a/far", "far");
        const crowd = tree.directory("m");
        for (let index = 0; index < 33_000; index++)
          crowd.entries.set(`${index}` as ByteString, { kind: "fifo", attributes: attributes() });
        for (let index = 0; index < 20; index++) tree.add(`links/${index}`, index % 2 ? near : far);
      });
      await withMount(path, { type: "squashfs" }, async (mounted) => {
        for (let index = 0; index < 20; index++) {
          const { ino, nlink } = await stat(join(mounted, `links/${index}`));
          const original = await stat(join(mounted, index % 2 ? "z/near" : "a/far"));
          expect([ino, nlink]).toEqual([original.ino, 11]);
        }
      });
    });
  });

  test("a tree may be 800 directories deep", async () => {
    await withDirectory(async (directory) => {
      const image: MadeImage = await makeImage(join(directory, "image"), {}, async (tree) => {
        await tree.file(`${"d/".repeat(800)}file`, "at the bottom");
        await tree.file(`${"d/".repeat(400)}a`, "on the way");
      });
      await expectKernelAgrees(image);
      await expectUnsquashfsAgrees(image);
    });
  });
});
