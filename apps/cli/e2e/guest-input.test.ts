import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { image, layerBlob, tarArchive, writeLayout } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { buildCli, runCli, withDirectory, type CliRun } from "./run-cli.ts";
import { smallImage } from "./small-image.ts";

/** A kernel's configuration will do where no kernel is started. */
const kernelConfig = "# Linux/x86 6.1.0 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_EXT4_FS=y\n";

interface BuildRun extends CliRun {
  /** What is where the disk was to go, by name. */
  readonly left: readonly string[];
  readonly read: (name: string) => Promise<string>;
  readonly isExecutable: (name: string) => Promise<boolean>;
}

/** Builds the small image with flags, in which `@` is the directory of `files`, and looks at what there is then. */
async function build<Result>(
  flags: readonly string[],
  look: (run: BuildRun) => Promise<Result> | Result,
  files: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return await withDirectory(async (directory) => {
    const [layout, output] = [join(directory, "layout"), join(directory, "output")];
    await writeLayout(layout, { small: smallImage() });
    await mkdir(output);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    const run = await buildCli(
      {
        source: `oci:${layout}:small`,
        output: join(output, "disk"),
        store: join(directory, "store"),
        flags: ["--progress", "none", ...flags.map((flag) => flag.replaceAll("@", directory))],
      },
      { cwd: directory },
    );
    return await look({
      ...run,
      left: await readdir(output),
      read: (name) => readFile(join(output, name), "utf8"),
      isExecutable: async (name) => ((await stat(join(output, name))).mode & 0o111) !== 0,
    });
  });
}

describe("what cannot be is refused with a code, and nothing is left", () => {
  test.each<[string, number, string, readonly string[]]>([
    ["a program that is not in the image", 6, "GUEST_ENTRYPOINT", ["--entrypoint", "/bin/nothing"]],
    ["a user that the image does not know", 6, "GUEST_USER", ["--user", "nobody-knows"]],
    ["a file of this machine that is not there", 2, "GUEST_FILE", ["--inject", "/nowhere:/agent"]],
    ["an injection without a place", 2, "GUEST_CONFIG", ["--inject", "agent"]],
    [
      "an agent of the caller's that is not in the guest",
      6,
      "GUEST_ENTRYPOINT",
      ["--service", "a=/bin/agent"],
    ],
    [
      "an initrd in the disk's place",
      2,
      "OPTIONS_INVALID",
      ["--init-as", "initrd", "--initrd", "@/output/./disk"],
    ],
    [
      "a launch file in the disk's place",
      2,
      "OPTIONS_INVALID",
      ["--init", "--kernel", "@/config", "--emit", "qemu:@/output/disk"],
    ],
    [
      "two launch files in one place",
      2,
      "OPTIONS_INVALID",
      ["--init", "--kernel", "@/config", "--emit", "qemu:@/output/vm", "--emit", "firecracker:@/output/vm"],
    ],
    [
      "a launch file in a directory that is not there",
      8,
      "FILE_NOT_FOUND",
      ["--init", "--kernel", "@/config", "--emit", "qemu:@/nowhere/vm"],
    ],
    ["a file with an unknown key", 2, "GUEST_CONFIG", ["--guest", "@/typo.yaml"]],
    ["a file that is no YAML", 2, "GUEST_CONFIG", ["--guest", "@/broken.yaml"]],
    ["an init system that the image has not", 6, "GUEST_INIT_SYSTEM", ["--init-system", "systemd"]],
    ["a host name that is none", 2, "GUEST_CONFIG", ["--hostname", "a b"]],
    ["an address that is none", 2, "GUEST_CONFIG", ["--network", "10.0.0.300/24"]],
    ["modules without a directory", 2, "GUEST_MODULE", ["--load", "virtio_net"]],
    ["an initrd's name without an initrd", 2, "OPTIONS_INVALID", ["--initrd", "@/initrd"]],
    ["a kernel without a launch file", 2, "OPTIONS_INVALID", ["--init", "--kernel", "@/config"]],
    ["a launch file without a kernel", 2, "OPTIONS_INVALID", ["--init", "--emit", "qemu"]],
    ["a kernel that is none", 2, "GUEST_KERNEL", ["--init", "--emit", "qemu", "--kernel", "@/typo.yaml"]],
    [
      "what a monitor cannot do",
      2,
      "GUEST_LAUNCH",
      ["--agent", "serial", "--emit", "firecracker", "--kernel", "@/config"],
    ],
  ])("%s", async (_case, exitCode, code, flags) => {
    const files = { "typo.yaml": "hostnam: a\n", "broken.yaml": "a: [\n", config: kernelConfig };
    const run = await build(flags, (run) => run, files);
    expect({ exitCode: run.exitCode, stdout: run.stdout, left: run.left }).toEqual({
      exitCode,
      stdout: "",
      left: [],
    });
    expect(run.stderr).toContain(`(${code})`);
  });

  test("a key that is wrong is named with its file", async () => {
    const { stderr } = await build(["--guest", "@/typo.yaml"], (run) => run, { "typo.yaml": "hostnam: a\n" });
    expect(stderr).toMatch(/typo\.yaml.*hostnam/s);
  });
});

test("--emit writes what each monitor starts, with the disk and what its kernel needs to know", async () => {
  const formats = ["firecracker", "cloud-hypervisor", "qemu", "libkrun"];
  const emit = formats.flatMap((format) => ["--emit", format]);
  await build(
    [
      "--init",
      "--json",
      "--kernel",
      "@/config",
      "--memory",
      "1G",
      "--cpus",
      "2",
      "--agent",
      "vsock",
      ...emit,
    ],
    async ({ exitCode, stderr, stdout, left, read, isExecutable }) => {
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
      const names = ["cloud-hypervisor.sh", "disk", "firecracker.json", "libkrun.py", "qemu.sh"];
      expect([...left].toSorted()).toEqual(names);
      const { launch, output } = JSON.parse(stdout) as { launch: { format: string }[]; output: string };
      expect(launch.map(({ format }) => format)).toEqual(formats);
      for (const name of names.filter((candidate) => candidate !== "disk")) {
        expect(await read(name)).toContain(output);
        expect(await read(name)).toContain("init=/usr/lib/bootlayer/init");
        expect(await isExecutable(name)).toBe(!name.endsWith(".json"));
      }
      const { "machine-config": machine, vsock } = JSON.parse(await read("firecracker.json")) as {
        "machine-config": object;
        vsock: object;
      };
      expect(machine).toEqual({ vcpu_count: 2, mem_size_mib: 1024 });
      expect(vsock).toMatchObject({ guest_cid: 3 });
    },
    { config: kernelConfig },
  );
});

test("--init-as initrd writes the initrd beside the disk, and launch files start from it", async () => {
  await build(
    ["--init-as", "initrd", "--kernel", "@/config", "--emit", "firecracker:@/output/vm.json"],
    async ({ exitCode, left, read }) => {
      expect(exitCode).toBe(0);
      expect([...left].toSorted()).toEqual(["disk", "disk.initrd", "vm.json"]);
      const { "boot-source": boot } = JSON.parse(await read("vm.json")) as {
        "boot-source": { initrd_path: string; boot_args: string };
      };
      expect(boot.initrd_path).toMatch(/\/disk\.initrd$/);
      expect(boot.boot_args).not.toMatch(/\b(root|init)=/);
    },
    { config: kernelConfig },
  );
});

/** For amd64. */
const staticProgram = new URL("../../../packages/guest-inject/init/bootlayer-init-amd64", import.meta.url);

/** What the doctor says of an image with one layer, whose Cmd is /bin/app. */
async function doctor(layer: Parameters<typeof tarArchive>[0], flags: readonly string[]): Promise<CliRun> {
  return await withDirectory(async (directory) => {
    const config = { Cmd: ["/bin/app"] };
    await writeLayout(join(directory, "layout"), {
      app: image([layerBlob(tarArchive(layer))], { config }),
    });
    await writeFile(join(directory, "config"), kernelConfig);
    const fixed = ["--platform", "linux/amd64", "--store", join(directory, "store"), "--progress", "none"];
    return await runCli(["doctor", `oci:${join(directory, "layout")}:app`, ...fixed, ...flags], {
      cwd: directory,
    });
  });
}

describe("doctor", () => {
  test("says what keeps an image from booting, with a remedy, and ends with 6", async () => {
    const script = [{ name: "bin/app", content: "#!/bin/sh\n", mode: 0o755 }];
    const { exitCode, stdout } = await doctor(script, ["--kernel", "config"]);
    expect(exitCode).toBe(6);
    expect(stdout).toMatch(/error +\/bin\/sh/);
    expect(stdout).toContain("-> ");
    expect(stdout).toContain("will not boot");
  });

  test("as JSON has each finding's code, severity, subject, reason and remedy", async () => {
    const { exitCode, stdout } = await doctor([], ["--json"]);
    expect(exitCode).toBe(6);
    const { boots, findings } = JSON.parse(stdout) as { boots: boolean; findings: object[] };
    expect(boots).toBe(false);
    expect(findings).toContainEqual({
      code: "program-missing",
      severity: "error",
      subject: "/bin/app",
      reason: expect.any(String) as string,
      remedy: expect.any(String) as string,
    });
  });

  test("looks at what the disk is packed with", async () => {
    const squashfs = ["--kernel", "config", "--format", "squashfs"];
    expect((await doctor([], squashfs)).stdout).toContain("CONFIG_SQUASHFS_ZSTD");
    expect((await doctor([], [...squashfs, "--compression", "xz:3"])).stdout).toContain("CONFIG_SQUASHFS_XZ");
    expect(await doctor([], ["--compression", "xz"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("OPTIONS_INVALID") as string,
    });
  });

  test("looks at what is asked of the guest, not only at the image", async () => {
    const { stdout } = await doctor([], ["--entrypoint", "/bin/other", "--json"]);
    expect(stdout).toContain("/bin/other");
  });

  test("finds what a build would refuse of the guest", async () => {
    const program = [{ name: "bin/app", content: await readFile(staticProgram), mode: 0o755 }];
    const { exitCode, stdout } = await doctor(program, ["--service", "helper=/bin/absent"]);
    expect(stdout).toMatch(/error +guest +service helper: its program "\/bin\/absent" does not exist/);
    expect(exitCode).toBe(6);
  });
});

test("exec says that nobody answers, and ends with 10", async () => {
  await withDirectory(async (directory) => {
    const run = await runCli(["exec", "--timeout", "0.3", `unix:${join(directory, "none")}`, "true"]);
    expect(run).toMatchObject({
      exitCode: 10,
      stderr: expect.stringContaining("GUEST_AGENT_UNREACHABLE") as string,
    });
    expect(await runCli(["exec", "tcp:1", "true"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("GUEST_AGENT_ADDRESS") as string,
    });
  });
});

test("boot refuses to change what a disk's guest is", async () => {
  await withDirectory(async (directory) => {
    const [disk, kernel] = [join(directory, "disk"), join(directory, "config")];
    await writeFile(disk, "");
    await writeFile(kernel, kernelConfig);
    expect(await runCli(["boot", disk, "--kernel", kernel, "--hostname", "a"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("OPTIONS_INVALID") as string,
    });
    expect(await runCli(["boot", disk, "--kernel", kernel, "--size", "4G"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("OPTIONS_INVALID") as string,
    });
    // A configuration is enough for a doctor, but cannot be started.
    expect(await runCli(["boot", disk, "--kernel", kernel])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("GUEST_KERNEL") as string,
    });
  });
});
