import { join } from "node:path";
import { requireJudge } from "@bootlayer/test-fixtures";
import {
  attributes,
  run,
  withDirectory,
  xattrs,
  type TreeMaker,
} from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectKernelAgrees, expectUnsquashfsAgrees, makeImage, type MadeImage } from "./judging.ts";

async function fill(tree: TreeMaker): Promise<void> {
  const file = async (path: string, values: Record<string, string | Uint8Array>): Promise<void> => {
    await tree.file(path, "x", { xattrs: xattrs(values) });
  };
  await file("binary", { "user.a": Buffer.from([0, 1, 0, 255, 254, 0]), "security.a": "\0\0" });
  await file("empty-value", { "user.empty": "", "user.one": "1", "trusted.x": Buffer.alloc(3, 0x80) });
  await file("namespaces", {
    "security.selinux": "system_u:object_r:bin_t:s0\0",
    "trusted.overlay.opaque": "y",
    "user.é": "name of bytes",
    [`user.${"l".repeat(250)}`]: "longest name",
  });
  await file(
    "many",
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`user.${"n".repeat(i + 1)}`, `${i}`.repeat(i)])),
  );
  // 8 bytes stay with the name, 9 are shared, also between names and with values of other sets.
  for (const length of [7, 8, 9, 10, 300]) {
    const value = "shared value ".repeat(30).slice(0, length);
    for (const name of ["one", "two"])
      await file(`repeated/${length}/${name}`, { [`user.${name}`]: value, "trusted.same": value });
  }
  tree.directory("directory", { xattrs: xattrs({ "user.dir": "d".repeat(200) }) });
  tree.symlink("symlink", "t".repeat(80), { xattrs: xattrs({ "trusted.link": "l".repeat(100) }) });
  for (const kind of ["fifo", "socket"] as const)
    tree.add(kind, { kind, attributes: attributes({ xattrs: xattrs({ "trusted.a": "f" }) }) });
  for (const kind of ["character-device", "block-device"] as const)
    tree.add(kind, {
      kind,
      device: { major: 1, minor: 3 },
      attributes: attributes({ xattrs: xattrs({ "trusted.a": "f" }) }),
    });
  tree.root.attributes = attributes({ mode: 0o755, xattrs: xattrs({ "user.root": "r" }) });
}

const judge = requireJudge("root", "mount", "python3", "unsquashfs", "rdsquashfs");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test("attributes of every kind of node keep their bytes", async () => {
    await withDirectory(async (directory) => {
      const image: MadeImage = await makeImage(join(directory, "image"), {}, fill);
      await expectKernelAgrees(image);
    });
  });

  test("unsquashfs extracts them", async () => {
    await withDirectory(async (directory) => {
      await expectUnsquashfsAgrees(await makeImage(join(directory, "image"), {}, fill));
    });
  });

  test("a value may have the 64 KiB that the kernel passes on", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "image"), {}, async (tree) => {
        for (const name of ["one", "two"])
          await tree.file(name, name, {
            xattrs: xattrs({ "user.large": Buffer.alloc(65_536, "large "), [`user.${name}`]: name }),
          });
      });
      await expectKernelAgrees(image);
      const large = await run("rdsquashfs", "-x", "two", image.path);
      expect(large).toContain("user.two=two");
    });
  });

  test("nodes with the same attributes share a set, in whatever order they came", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "image"), {}, async (tree) => {
        for (let index = 0; index < 2500; index++)
          await tree.file(`same/${index}`, "", {
            xattrs: xattrs(index % 2 ? { "user.a": "1", "user.b": "2" } : { "user.b": "2", "user.a": "1" }),
          });
        await tree.file("other", "", { xattrs: xattrs({ "user.a": "1", "user.b": "3" }) });
      });
      expect(image.summary.xattrSets).toBe(2);
      expect(await run("unsquashfs", "-s", image.path)).toContain("Number of xattr ids 2");
      await expectKernelAgrees(image);
    });
  });

  test("thousands of sets are found", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(
        join(directory, "image"),
        { uncompressed: { xattrs: true } },
        async (tree) => {
          for (let index = 0; index < 5000; index++)
            await tree.file(`many/${index}`, "", {
              xattrs: xattrs({ "user.number": `${index}`, "user.common": "the same for all of them" }),
            });
        },
      );
      expect(image.summary.xattrSets).toBe(5000);
      await expectKernelAgrees(image);
    });
  });

  test("POSIX ACLs are left out and named; what else the node has stays", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "image"), {}, async (tree) => {
        await tree.file("a/listed", "x", {
          xattrs: xattrs({ "system.posix_acl_access": "acl", "user.a": "1" }),
        });
        tree.directory("b", { xattrs: xattrs({ "system.posix_acl_default": "acl" }) });
      });
      expect(image.summary.aclsDropped).toEqual(["a/listed", "b"]);
      const kept = new Map(
        [...image.expected].map(([path, entry]) => {
          const held = [...entry.xattrs].filter(([name]) => !name.startsWith("system."));
          return [path, { ...entry, xattrs: new Map(held) }];
        }),
      );
      await expectKernelAgrees({ ...image, expected: kept });
    });
  });
});
