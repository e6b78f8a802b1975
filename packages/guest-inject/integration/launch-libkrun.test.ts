import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { judgePath, requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchFile } from "../src/launch/launch-file.ts";
import type { LaunchMachine } from "../src/launch/machine.ts";
import { scratchDirectory } from "./init-guest.ts";
import { arm64Image, bzImage, pack, vmlinux } from "./kernel-fixtures.ts";
import { bareMachine, oddPaths } from "./launch-fixtures.ts";

const judge = requireJudge("gcc", "python3");
const run = promisify(execFile);

describe.skipIf(judge.skip)(`libkrun's script${judge.reason}`, () => {
  let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
  beforeAll(async () => {
    scratch = await scratchDirectory();
    const source = join(import.meta.dirname, "programs", "fake-libkrun.c");
    const library = join(scratch.path, "libkrun.so.1");
    await run("gcc", ["-shared", "-fPIC", "-Wall", "-Werror", "-o", library, source]);
    await writeFile(join(scratch.path, "vmlinux"), vmlinux());
  });
  afterAll(() => scratch[Symbol.asyncDispose]());

  interface Ended {
    readonly code: number;
    readonly stdout: string;
    readonly stderr: string;
  }

  async function start(machine: Partial<LaunchMachine>, env: Record<string, string> = {}): Promise<Ended> {
    const { text, name } = launchFile("libkrun", { ...bareMachine, ...machine });
    await writeFile(join(scratch.path, name), text);
    return await new Promise((resolve) => {
      const options = {
        cwd: scratch.path,
        env: { PATH: judgePath(), LD_LIBRARY_PATH: scratch.path, LC_ALL: "C.UTF-8", ...env },
      };
      execFile("python3", [name], options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  }

  test("compiles", async () => {
    const path = join(scratch.path, "compiled.py");
    await writeFile(path, launchFile("libkrun", bareMachine).text);
    await expect(run("python3", ["-m", "py_compile", path])).resolves.toMatchObject({ stderr: "" });
  });

  test("calls the library's functions in order, each argument as the header has it", async () => {
    const ended = await start({
      cpus: 255,
      memoryMiB: 70_000,
      disks: oddPaths.map((path, index) => ({ path, readOnly: index % 2 === 1 })),
      kernelArguments: ["dyndbg=file a.c +p"],
      agent: { kind: "vsock", cid: 3, port: 0xffff_fffe, socket: "/run/odd, 'socket'" },
    });
    expect(ended).toEqual({
      code: 7,
      stderr: "",
      stdout: [
        "krun_create_ctx",
        "krun_set_vm_config 41 255 70000",
        ...oddPaths.map((path, index) => `krun_add_disk 41 disk${index} <${path}> ${index % 2}`),
        'krun_set_kernel 41 <vmlinux> 1 <NULL> <console=hvc0 reboot=k panic=-1 bootlayer.exit=reboot root=/dev/vda rw dyndbg="file a.c +p">',
        "krun_add_vsock_port2 41 4294967294 </run/odd, 'socket'> 1",
        "krun_start_enter 41",
        "",
      ].join("\n"),
    });
  });

  test("gives an initrd, and then no root", async () => {
    const { stdout } = await start({ initrd: "initrd.cpio", disks: [{ path: "a", readOnly: false }] });
    expect(stdout).toMatch(/krun_set_kernel 41 <vmlinux> 1 <initrd\.cpio> <(?!.*root=)/);
  });

  const kernel = vmlinux();
  const bzip2 = Buffer.from("BZh91AY&SY");
  test.for<[string, Buffer, string]>([
    ["an arm64 Image", arm64Image(kernel), "0"],
    ["a vmlinux", kernel, "1"],
    ["a bzImage with bzip2", bzImage({ payload: bzip2 }), "3"],
    ["a bzImage with gzip", bzImage({ payload: pack.gzip(kernel) }), "4"],
    ["a bzImage with zstd", bzImage({ payload: pack.zstd(kernel) }), "5"],
  ])("knows %s", async ([, bytes, format]) => {
    await writeFile(join(scratch.path, "kernel"), bytes);
    const { stdout } = await start({ kernel: "kernel" });
    expect(stdout).toContain(`krun_set_kernel 41 <kernel> ${format} `);
  });

  test("refuses what the library would not take", async () => {
    for (const bytes of [bzImage({ payload: pack.xz(kernel) }), Buffer.alloc(0), Buffer.from("text")]) {
      await writeFile(join(scratch.path, "kernel"), bytes);
      const { code, stdout, stderr } = await start({ kernel: "kernel" });
      expect([code, stderr]).toEqual([
        1,
        "libkrun takes a vmlinux, an arm64 Image, or a bzImage packed with gzip, bzip2 or zstd\n",
      ]);
      expect(stdout).not.toContain("krun_start_enter");
    }
  });

  test.for(["krun_create_ctx", "krun_set_vm_config", "krun_set_kernel", "krun_start_enter"])(
    "ends with the reason where %s fails",
    async (name) => {
      const { code, stderr, stdout } = await start({}, { FAIL: name });
      expect([code, stderr]).toEqual([1, `${name}: Invalid argument\n`]);
      expect(stdout.trimEnd().split("\n").at(-1)).toMatch(new RegExp(`^${name}( |$)`));
    },
  );
});
