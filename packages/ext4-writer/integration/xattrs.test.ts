import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { debugfs, requireJudge, withMount } from "@bootlayer/test-fixtures";
import { attributes, withDirectory, xattrs } from "@bootlayer/test-fixtures/image-writers";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { expectClean, expectSound, makeImage } from "./judging.ts";

/** An ACL as getxattr(2) gives it: entries of tag, permissions and id. */
function acl(...entries: readonly (readonly [tag: number, permissions: number, id?: number])[]): Buffer {
  const bytes = Buffer.alloc(4 + entries.length * 8);
  bytes.writeUInt32LE(2);
  for (const [index, [tag, permissions, id = 0xffff_ffff]] of entries.entries()) {
    bytes.writeUInt16LE(tag, 4 + index * 8);
    bytes.writeUInt16LE(permissions, 6 + index * 8);
    bytes.writeUInt32LE(id, 8 + index * 8);
  }
  return bytes;
}

const judge = requireJudge("root", "e2fsck", "mount", "python3", "debugfs", "getfattr", "getfacl");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.each([1024, 4096] as const)(
    "attributes are found in the inode, in a block and in both, in blocks of %i",
    async (blockSize) => {
      await withDirectory(async (directory) => {
        // The inode has 92 bytes; a block has 40 bytes less than its size for an attribute with a name of 1 byte.
        const most = blockSize - 56;
        const image = await makeImage(join(directory, "disk"), { blockSize }, async (tree) => {
          const file = async (path: string, values: Record<string, string | Uint8Array>): Promise<void> => {
            await tree.file(path, "x", { xattrs: xattrs(values) });
          };
          await file("full-inode", { "user.a": Buffer.alloc(68, 0xff) });
          await file("just-over", { "user.a": Buffer.alloc(69, 0xfe) });
          await file("full-block", { "user.abcd": Buffer.alloc(most, "v") });
          await file("both-full", { "user.abcd": Buffer.alloc(most, "v"), "user.b": Buffer.alloc(68, "w") });
          await file("empty-value", {
            "user.empty": "",
            "user.one": "1",
            "trusted.x": Buffer.alloc(3, 0x80),
          });
          await file(
            "many",
            Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`user.${"n".repeat(20 - i)}`, `${i}`])),
          );
          await file("namespaces", {
            "security.selinux": "system_u:object_r:bin_t:s0\0",
            "trusted.overlay.opaque": "y",
            "user.é": "name of bytes",
            [`user.${"l".repeat(250)}`]: "longest name",
          });
          tree.directory("directory", { xattrs: xattrs({ "user.dir": "d".repeat(200) }) });
          tree.symlink("symlink", "t".repeat(80), { xattrs: xattrs({ "trusted.link": "l".repeat(100) }) });
          tree.add("fifo", {
            kind: "fifo",
            attributes: attributes({ xattrs: xattrs({ "trusted.fifo": "f" }) }),
          });
        });
        await expectSound(image);
      });
    },
  );

  test("inodes with the same attributes share blocks, 1,024 to each", async () => {
    await withDirectory(async (directory) => {
      const image = await makeImage(join(directory, "disk"), {}, async (tree) => {
        for (let index = 0; index < 2500; index++)
          await tree.file(`same/${index}`, "", { xattrs: xattrs({ "user.same": Buffer.alloc(500, "s") }) });
        await tree.file("other", "", { xattrs: xattrs({ "user.same": Buffer.alloc(500, "o") }) });
      });
      await expectSound(image);
      const blocks = new Set<string | undefined>();
      for (const index of [0, 1, 1500, 2400])
        blocks.add(/File ACL: (\d+)/.exec(await debugfs(image.path, `stat /same/${index}`))?.[1]);
      expect(blocks.size).toBeGreaterThan(1);
      expect(image.summary.dataRegions.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(3_000_000);
    });
  });

  test("access lists let in those they name, as the kernel and getfacl read them", async () => {
    await withDirectory(async (directory) => {
      const named = acl([0x01, 6], [0x02, 4, 12_345], [0x04, 0], [0x08, 6, 70_000], [0x10, 6], [0x20, 0]);
      const defaults = acl([0x01, 7], [0x04, 5], [0x20, 0]);
      const image = await makeImage(join(directory, "disk"), {}, async (tree) => {
        await tree.file("for-12345", "secret", {
          mode: 0o660,
          xattrs: xattrs({ "system.posix_acl_access": named }),
        });
        tree.directory("inherits", { xattrs: xattrs({ "system.posix_acl_default": defaults }) });
        await tree.file("in-block", "secret", {
          mode: 0o660,
          xattrs: xattrs({ "system.posix_acl_access": named, "user.long": Buffer.alloc(1000, "l") }),
        });
        await tree.file("closed", "secret", { mode: 0o600 });
      });
      await expectSound(image);
      await chmod(directory, 0o755);
      await withMount(image.path, { type: "ext4" }, async (mounted) => {
        const as = async (uid: number, ...command: readonly [string, ...string[]]): Promise<string> => {
          const [program, ...args] = command;
          return (await execa(program, args, { uid, gid: uid, cwd: mounted })).stdout;
        };
        expect(await as(12_345, "cat", "for-12345")).toBe("secret");
        expect(await as(12_345, "cat", "in-block")).toBe("secret");
        await expect(as(12_346, "cat", "for-12345")).rejects.toThrow("Permission denied");
        await expect(as(12_345, "cat", "closed")).rejects.toThrow("Permission denied");
        const shown = await as(12_345, "getfacl", "-n", "for-12345");
        expect(shown).toContain("user:12345:r--");
        expect(shown).toContain("group:70000:rw-");
        expect(await as(12_345, "getfacl", "-n", "inherits")).toContain("default:group::r-x");
        expect(await as(12_345, "getfattr", "-n", "user.long", "--only-values", "in-block")).toBe(
          "l".repeat(1000),
        );
      });
    });
  });

  test("an access list that says no more than the mode is not kept, as in the kernel", async () => {
    await withDirectory(async (directory) => {
      const plain = acl([0x01, 6], [0x04, 4], [0x20, 4]);
      const { path } = await makeImage(join(directory, "disk"), {}, async (tree) => {
        await tree.file("plain", "", { xattrs: xattrs({ "system.posix_acl_access": plain }) });
      });
      await expectClean(path);
      expect(await debugfs(path, "ea_list /plain")).toBe("");
    });
  });
});
