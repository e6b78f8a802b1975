import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { cloudKernel, e2fsck, guestImage, requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { bootCli, bootTimeout, guestTools } from "./guest-cli.ts";
import { buildCli, withDirectory } from "./run-cli.ts";

const judge = requireJudge(...guestTools, "mke2fs");

interface SquashfsGuest {
  readonly directory: string;
  readonly script: string;
  readonly flags: readonly string[];
}

/** An image with a shell as a squashfs disk, and an initrd with the modules that Debian's cloud kernel needs for it. */
async function buildGuest({
  directory,
  script,
  flags,
}: SquashfsGuest): Promise<{ disk: string; initrd: string }> {
  const [{ reference }, { modules }] = await Promise.all([guestImage("alpine-like"), cloudKernel()]);
  const disk = join(directory, "disk.squashfs");
  const loads = ["squashfs", "overlay"].flatMap((name) => ["--load", name]);
  const run = await buildCli({
    source: reference,
    output: disk,
    store: join(directory, "store"),
    flags: [
      "--format=squashfs",
      "--compression=zstd:3",
      "--no-cache",
      "--progress=none",
      "--init-as=initrd",
      "--modules",
      modules,
      ...loads,
      ...flags,
      "--user=0",
      "--entrypoint",
      JSON.stringify(["/bin/sh", "-c", script]),
    ],
  });
  expect(run).toMatchObject({ exitCode: 0 });
  return { disk, initrd: `${disk}.initrd` };
}

describe.skipIf(judge.skip)(`a guest on a squashfs${judge.reason}`, { timeout: bootTimeout }, () => {
  test("keeps what it writes in memory, by an overlay", async () => {
    await withDirectory(async (directory) => {
      const script = "echo new > /new && cat /new; mount | grep ' / '; exit 5";
      const { disk, initrd } = await buildGuest({ directory, script, flags: ["--overlay", "tmpfs:16m"] });
      const run = await bootCli([disk, "--initrd", initrd]);
      expect(run).toMatchObject({ exitCode: 5, outcome: { exitCode: 5, warnings: [] } });
      expect(run.console).toMatch(/^new\n.*overlay on \/ type overlay/m);
    });
  });

  test("keeps what it writes on a second disk, and finds it there again", async () => {
    await withDirectory(async (directory) => {
      const upper = join(directory, "upper.ext4");
      execFileSync("mke2fs", ["-q", "-t", "ext4", "-L", "upper", upper, "32M"]);
      const script = "echo again >> /kept; cat /kept; exit $(wc -l < /kept)";
      const { disk, initrd } = await buildGuest({ directory, script, flags: ["--overlay", "LABEL=upper"] });
      for (const times of [1, 2]) {
        const run = await bootCli([disk, "--initrd", initrd, "--disk", upper]);
        expect(run.exitCode).toBe(times);
        await e2fsck(upper);
      }
    });
  });

  test("without an overlay can only be read, and has places in memory", async () => {
    await withDirectory(async (directory) => {
      const script = "touch /new 2>/dev/null && exit 1; touch /tmp/new /run/new && exit 7";
      const { disk, initrd } = await buildGuest({ directory, script, flags: [] });
      expect(await bootCli([disk, "--initrd", initrd])).toMatchObject({ exitCode: 7 });
    });
  });
});
