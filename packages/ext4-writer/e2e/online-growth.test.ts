import { readFileSync } from "node:fs";
import { truncate } from "node:fs/promises";
import { join } from "node:path";
import { bootDisk, cloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import { run, withDirectory } from "@bootlayer/test-fixtures/image-writers";
import { describe, expect, test } from "vitest";
import { expectClean, makeImage } from "../integration/judging.ts";

/** This machine's programs and the libraries that ldd tells, by path. */
async function withLibraries(programs: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const program of programs)
    for (const [path] of `${program} ${await run("ldd", program)}`.matchAll(/\/\S+/g))
      files.set(path.replace(/:$/, "").slice(1), readFileSync(path.replace(/:$/, "")));
  return files;
}

const judge = requireJudge(
  "qemu-system-x86_64",
  "resize2fs",
  "e2fsck",
  "dumpe2fs",
  "apt-get",
  "dpkg-deb",
  "ldd",
);
describe.skipIf(judge.skip)(`in a virtual machine${judge.reason}`, () => {
  test("the root file system grows while it is in use", async () => {
    const { kernel } = await cloudKernel();
    await withDirectory(async (directory) => {
      const files = await withLibraries([
        "/bin/sh",
        "/bin/mount",
        "/usr/bin/sha256sum",
        "/usr/sbin/resize2fs",
      ]);
      const { path } = await makeImage(join(directory, "disk"), {}, async (tree) => {
        for (const [name, content] of files) await tree.file(name, content, { mode: 0o755 });
        for (const name of ["dev", "proc", "etc"]) tree.directory(name);
        await tree.file("large", Buffer.alloc(30_000_000, "contents that must not change"));
      });
      await truncate(path, 40 * 2 ** 30);
      const { commands } = await bootDisk({
        kernel,
        disk: path,
        keepWrites: true,
        commands: [
          "mount -t proc proc /proc; mount -t devtmpfs dev /dev; sha256sum large",
          "resize2fs /dev/nvme0n1",
          "echo after growth > new; sha256sum large",
          "mount -o remount,ro /",
        ],
      });
      expect(commands.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
      expect(commands[1]?.output).toContain("is now 10485760 (4k) blocks long");
      expect(commands[2]?.output).toBe(commands[0]?.output);
      await expectClean(path);
      expect(await run("dumpe2fs", "-h", path)).toMatch(/Block count: +10485760\n/);
    });
  }, 180_000);
});
