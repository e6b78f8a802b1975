import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { e2fsck, guestImage } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { bootCli, bootJudge, bootTimeout, runGuest, type GuestRun } from "./guest-cli.ts";
import { buildCli, withDirectory } from "./run-cli.ts";

/** What the probe of the images says of itself (test-fixtures/guest-images/README.md). */
interface Report {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly cwd: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
}

function reportOf({ console }: GuestRun): Report {
  const [, json = "{}"] = /^probe: (\{.*\})$/m.exec(console) ?? [];
  return JSON.parse(json) as Report;
}

describe.skipIf(bootJudge.skip)(`a guest${bootJudge.reason}`, { timeout: bootTimeout }, () => {
  test("of scratch runs its one program, and its exit code 0 is that of boot", async () => {
    const run = await runGuest({ image: "scratch" });
    expect(run).toMatchObject({ exitCode: 0, outcome: { exitCode: 0, warnings: [] } });
    expect(reportOf(run)).toMatchObject({ uid: 0, gid: 0, cwd: "/", argv: ["/probe", "report"] });
  });

  test("without a shell runs as the user that the image names, and exit code 3 comes back", async () => {
    const run = await runGuest({ image: "distroless", build: ["--cmd", '["report", "exit", "3"]'] });
    expect(run).toMatchObject({ exitCode: 3, outcome: { exitCode: 3 } });
    expect(reportOf(run)).toMatchObject({ uid: 65_532, gid: 65_532, cwd: "/home/nonroot" });
    expect(reportOf(run).env).toContain("HOME=/home/nonroot");
  });

  test("of Debian runs its script with groups, variables and directory of the image, and a signal comes back", async () => {
    const run = await runGuest({
      image: "debian-slim",
      build: ["--cmd", '["probe", "report", "signal", "9"]', "--env", "FURTHER=$HOME"],
    });
    expect(run).toMatchObject({ exitCode: 137, outcome: { exitCode: 137, signal: 9, outOfMemory: false } });
    expect(run.console).toContain("entrypoint: as app in /srv/data/work\n");
    expect(reportOf(run)).toMatchObject({ uid: 1001, gid: 1001, cwd: "/srv/data/work" });
    expect(reportOf(run).groups).toEqual(expect.arrayContaining([44, 50, 5005]));
    expect(reportOf(run).env).toEqual(expect.arrayContaining(["GREETING=hello, world", "FURTHER=$HOME"]));
  });

  test("of busybox and musl runs as a user that no file names, and every orphan is reaped", async () => {
    const run = await runGuest({
      image: "alpine-like",
      build: ["--cmd", '["report", "orphans", "20", "sleep", "1000", "processes"]'],
    });
    expect(run.exitCode).toBe(0);
    expect(run.console).toContain("entrypoint: as 1000:1000\n");
    expect(reportOf(run)).toMatchObject({ uid: 1000, gid: 1000 });
    expect(run.console).toMatch(/^probe: orphans 20\n(?:.*\n)*probe: processes \d+ zombies 0$/m);
  });

  test("that takes all memory is known to have died of that", async () => {
    const run = await runGuest({
      image: "scratch",
      build: ["--cmd", '["allocate", "0"]'],
      boot: ["--memory", "128M"],
    });
    expect(run).toMatchObject({ exitCode: 137, outcome: { signal: 9, outOfMemory: true } });
  });

  test("of an initrd runs on a disk that is the image's alone, to the byte", async () => {
    const { reference } = await guestImage("debian-slim");
    await withDirectory(async (directory) => {
      const [plain, disk, initrd] = ["plain", "disk", "initrd"].map((name) => join(directory, name)) as [
        string,
        string,
        string,
      ];
      const fixed = { source: reference, store: join(directory, "store") };
      const flags = ["--no-cache", "--progress", "none"];
      const guest = [...flags, "--init-as", "initrd", "--initrd", initrd];
      expect(await buildCli({ ...fixed, output: plain, flags })).toMatchObject({ exitCode: 0 });
      expect(await buildCli({ ...fixed, output: disk, flags: guest })).toMatchObject({ exitCode: 0 });
      expect((await readFile(disk)).equals(await readFile(plain))).toBe(true);

      const run = await bootCli([disk, "--initrd", initrd]);
      expect(run).toMatchObject({ exitCode: 0, outcome: { exitCode: 0, warnings: [] } });
      expect(reportOf(run)).toMatchObject({ uid: 1001, cwd: "/srv/data/work" });
      await e2fsck(disk);
    });
  });
});
