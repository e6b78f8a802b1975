import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { byteString } from "@bootlayer/rootfs-tree";
import { requireJudge } from "@bootlayer/test-fixtures";
import {
  attributes,
  fillWithEveryKind,
  run,
  withDirectory,
  xattrs,
  type Edges,
  type Fill,
} from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import type { SquashfsBlockSize, SquashfsCompression, SquashfsOptions } from "../src/index.ts";
import { expectKernelAgrees, expectUnsquashfsAgrees, listMounted, makeImage } from "./judging.ts";

const edges: Edges = {
  targets: [1, 59, 60, 4094, 4095],
  seconds: [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1],
  sizes: [4095, 4096, 4097, 131_071, 131_072, 131_073, 300_000],
};

const fill: Fill = (tree) => fillWithEveryKind(tree, edges);

const compressions: readonly SquashfsCompression[] = [
  { kind: "zstd", level: 9 },
  { kind: "gzip", level: 6 },
  { kind: "xz", level: 3 },
  { kind: "lz4" },
  { kind: "lz4", highCompression: true },
  { kind: "none" },
];
const blockSizes = [4096, 131_072, 1_048_576] as const satisfies readonly SquashfsBlockSize[];
const all = compressions.flatMap((compression) =>
  blockSizes.map((blockSize): SquashfsOptions => ({ compression, blockSize })),
);

const kernel = requireJudge("root", "mount", "python3");
describe.skipIf(kernel.skip)(`under the kernel${kernel.reason}`, () => {
  test.each(all)(
    "every kind of node keeps all its attributes, by $compression in $blockSize",
    async (options) => {
      await withDirectory(async (directory) => {
        await expectKernelAgrees(await makeImage(join(directory, "image"), options, fill));
      });
    },
  );

  test("what is stored raw, without fragments, export or duplicates' search is the same tree", async () => {
    await withDirectory(async (directory) => {
      const uncompressed = { inodes: true, data: true, fragments: true, xattrs: true };
      const image = await makeImage(join(directory, "image"), { uncompressed }, fill);
      await expectKernelAgrees(image);
      const bare = { fragments: false, deduplicate: false, exportTable: false };
      await expectKernelAgrees(await makeImage(join(directory, "bare"), bare, fill));
    });
  });

  test("times that squashfs cannot hold become the nearest that it can", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), {}, async (tree) => {
        await tree.file("early", "", { mtime: { seconds: -1, nanoseconds: 999_999_999 } });
        await tree.file("late", "", { mtime: { seconds: 2 ** 32, nanoseconds: 5 } });
      });
      const listing = await listMounted(path);
      expect(listing.get("/early")?.mtime).toBe(0n);
      expect(listing.get("/late")?.mtime).toBe((2n ** 32n - 1n) * 1_000_000_000n);
    });
  });

  test("a tree of nothing but a root mounts", async () => {
    await withDirectory(async (directory) => {
      for (const exportTable of [true, false]) {
        const image = await makeImage(join(directory, "image"), { exportTable }, (tree) => {
          tree.root.attributes = attributes({
            mode: 0o1711,
            uid: 5,
            gid: 6,
            xattrs: xattrs({ "user.a": "b" }),
          });
        });
        await expectKernelAgrees(image);
        const bare = await makeImage(join(directory, "bare"), { exportTable }, () => {});
        await expectKernelAgrees(bare);
      }
    });
  });
});

const tools = requireJudge("root", "unsquashfs", "python3");
describe.skipIf(tools.skip)(`by unsquashfs${tools.reason}`, () => {
  test.each(compressions)("every kind of node is extracted whole, by %o", async (compression) => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "image"), { compression }, fill);
      await expectUnsquashfsAgrees(image);
    });
  });

  test("contents that the tree has not leave a sound image, though there are more of them than nodes", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "image"), { blockSize: 4096 }, async (tree) => {
        for (let index = 0; index < 40; index++) await tree.file(`${index}`, randomBytes(1500 + index));
        const kept = tree.root.entries.get(byteString("39"));
        tree.root.entries.clear();
        if (kept) tree.add("kept", kept);
      });
      expect(image.summary.contentDropped).toBe(39 * 1500 + (39 * 38) / 2);
      expect(image.summary.fragments).toBe(1);
      await expectUnsquashfsAgrees(image);
    });
  });

  test("a tree of nothing but a root is extracted", async () => {
    await withDirectory(async (directory) => {
      await expectUnsquashfsAgrees(await makeImage(join(directory, "image"), {}, () => {}));
    });
  });

  test("the superblock says how the image was made", async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "image");
      const statistics = async (options: SquashfsOptions): Promise<string> => {
        await makeImage(path, options, fill);
        return await run("unsquashfs", "-s", path);
      };
      const time = { seconds: 1_700_000_000, nanoseconds: 1 };
      const plain = await statistics({ time, compression: { kind: "gzip" }, blockSize: 65_536 });
      expect(plain).toContain("time Tue Nov 14 22:13:20 2023");
      expect(plain).toContain("Compression gzip");
      expect(plain).toContain("Block size 65536");
      expect(plain).toContain("is exportable via NFS");
      expect(plain).toContain("Always-use-fragments option is specified");
      expect(plain).toContain("Duplicates are removed");
      expect(plain).toContain("Inodes are compressed");
      expect(plain).toContain("Number of xattr ids 1");
      expect(plain).not.toContain("uncompressed");
      const raw = await statistics({
        fragments: false,
        exportTable: false,
        deduplicate: false,
        compression: { kind: "none" },
      });
      expect(raw).toContain("is not exportable via NFS");
      expect(raw).toContain("Fragments are not stored");
      expect(raw).toContain("Duplicates are not removed");
      for (const table of ["Inodes", "Data", "Uids/Gids (Id table)", "Xattrs"])
        expect(raw).toContain(`${table} are uncompressed`.replace("Data are", "Data is"));
    });
  });

  test("unsquashfs -lls and -cat show what was written", async () => {
    await withDirectory(async (directory) => {
      const { path } = await makeImage(join(directory, "image"), {}, fill);
      const list = await run("unsquashfs", "-lls", path);
      expect(list).toMatch(/-rwsr-xr-x root\/root +2 2001-09-09 01:46 squashfs-root\/bin\/su\n/);
      expect(list).toMatch(/crw-rw-rw- root\/root +1, +3 2001-09-09 01:46 squashfs-root\/dev\/null\n/);
      expect(list).toMatch(/drwxrwxrwt 65536\/4294967294 +3 2001-09-09 01:46 squashfs-root\/var\/tmp\n/);
      expect(list).toContain("squashfs-root/links/1 -> t\n");
      expect(await run("unsquashfs", "-cat", path, "a/link")).toBe("one file, three names");
    });
  });
});
