import { join } from "node:path";
import {
  bootDisk,
  cloudKernel,
  e2fsck,
  REAL_IMAGE_TOOLS,
  realImage,
  requireJudge,
} from "@bootlayer/test-fixtures";
import { beforeAll, describe, expect, test } from "vitest";
import { buildCli, withDirectory } from "./run-cli.ts";

const judge = requireJudge(...REAL_IMAGE_TOOLS, "qemu-system-x86_64", "e2fsck");
const minutes = 60_000;

describe.skipIf(judge.skip)(`a guest under Debian's cloud kernel${judge.reason}`, () => {
  let kernel = "";
  beforeAll(async () => {
    ({ kernel } = await cloudKernel());
  }, 5 * minutes);

  test.for(["debian", "busybox"] as const)(
    "boots the %s image, runs its shell, writes, and leaves the disk clean",
    { timeout: 10 * minutes },
    async (name) => {
      const { layout } = await realImage(name);
      await withDirectory(async (directory) => {
        const disk = join(directory, "disk");
        const run = await buildCli({
          source: `oci:${layout}:zstd`,
          output: disk,
          store: join(directory, "store"),
          flags: ["--no-cache", "--progress", "none"],
        });
        expect(run).toMatchObject({ exitCode: 0 });
        const { commands } = await bootDisk({
          kernel,
          disk,
          keepWrites: true,
          commands: [
            "echo hello from $(uname -s)",
            "mkdir /written && echo kept > /written/file && cat /written/file",
            "mount -t proc proc /proc",
            "mount -o remount,ro /",
          ],
        });
        expect(commands.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
        expect(commands[0]?.output).toContain("hello from Linux");
        expect(commands[1]?.output).toContain("kept");
        await e2fsck(disk);
      });
    },
  );
});
