import { execFile } from "node:child_process";
import { access, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { judgePath, requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { launchFile } from "../src/launch/launch-file.ts";
import type { LaunchMachine } from "../src/launch/machine.ts";
import { bootJudge, machineOf } from "./boot-fixtures.ts";
import { scratchDirectory } from "./init-guest.ts";
import { smallInitrd } from "./small-initrd.ts";

const timeout = 120_000;

interface Ended {
  readonly code: number;
  readonly console: string;
  readonly stderr: string;
}

/**
 * Writes the file and runs it by sh. Where there is a /dev/kvm, the script sees one that is none: whether the host's works is not
 * the question, and QEMU itself is to go on to emulation.
 */
async function runFile(directory: string, machine: LaunchMachine): Promise<Ended> {
  const { text, name, command, executable } = launchFile("qemu", machine);
  expect([command, executable]).toEqual([`./${name}`, true]);
  await writeFile(join(directory, name), text);
  const hasKvm = await access("/dev/kvm").then(
    () => true,
    () => false,
  );
  const hide = 'mount --bind /dev/null /dev/kvm && exec sh "$1"';
  const [program, ...parameters] = hasKvm
    ? ["unshare", "--map-root-user", "--mount", "sh", "-c", hide, "sh", name]
    : ["sh", name];
  return await new Promise((resolve) => {
    const options = { cwd: directory, env: { PATH: judgePath() }, timeout: 100_000, maxBuffer: 2 ** 24 };
    const child = execFile(program ?? "", parameters, options, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), console: stdout.replaceAll("\r", ""), stderr }),
    );
    child.stdin?.end();
  });
}

const unshare = requireJudge("unshare", "mount");
const judge = unshare.skip ? unshare : bootJudge;
describe.skipIf(judge.skip)(`QEMU's script${judge.reason}`, { timeout }, () => {
  test("boots what it was made for, and writes to the disk that is writable alone", async () => {
    await using scratch = await scratchDirectory();
    const names = [`it's a "disk", $HOME \`id\`.img`, "read-only.img"];
    for (const name of names) await writeFile(join(scratch.path, name), "before".padEnd(2 ** 20, "."));
    const [writable = "", readOnly = ""] = names;
    const { code, console } = await runFile(scratch.path, {
      ...machineOf(await smallInitrd(scratch.path), "small=disks", "small.text=two words"),
      cpus: 2,
      disks: [
        { path: writable, readOnly: false, bus: "nvme" },
        { path: readOnly, readOnly: true, bus: "nvme" },
        { path: readOnly, readOnly: true },
      ],
      network: {
        kind: "user",
        forwards: [{ hostAddress: "127.0.0.2", hostPort: 47_811, guestPort: 53, protocol: "udp" }],
      },
      agent: { kind: "serial", name: "bootlayer.agent", socket: "agent, socket" },
    });
    expect(console).toContain('small=disks small.text="two words"\n');
    expect(console).toMatch(/\nbootlayer: exit 3\n/);
    expect(code).toBe(0);
    const after = names.map(async (name) =>
      (await readFile(join(scratch.path, name), "latin1")).slice(0, 16),
    );
    expect(await Promise.all(after)).toEqual(["written by guest", "before.........."]);
  });
});

/**
 * The smallest kernel for arm64: writes `!` to the PL011 of QEMU's virt machine and asks its firmware to power off (PSCI
 * SYSTEM_OFF). Header: Documentation/arch/arm64/booting.rst.
 */
function tinyArm64Kernel(): Buffer {
  const image = Buffer.alloc(4096);
  image.writeUInt32LE(0x14000010, 0); // b 0x40
  image.writeBigUInt64LE(4096n, 16); // image_size
  image.writeBigUInt64LE(0xan, 24); // flags: 4 KiB pages, anywhere in memory
  image.write("ARM\x64", 56, "latin1");
  const code = [
    0xd2a12001, // movz x1, #0x0900, lsl #16
    0x52800422, // movz w2, #'!'
    0x39000022, // strb w2, [x1]
    0x52800100, // movz w0, #0x0008
    0x72b08000, // movk w0, #0x8400, lsl #16
    0xd4000002, // hvc #0
    0x14000000, // b .
  ];
  code.forEach((instruction, index) => image.writeUInt32LE(instruction, 64 + index * 4));
  return image;
}

const arm64 = requireJudge("qemu-system-aarch64", "unshare", "mount");
describe.skipIf(arm64.skip)(`QEMU's script for arm64${arm64.reason}`, { timeout }, () => {
  test("starts a kernel, whose serial port is the script's output, and ends when that powers off", async () => {
    await using scratch = await scratchDirectory();
    await writeFile(join(scratch.path, "Image"), tinyArm64Kernel());
    await writeFile(join(scratch.path, "initrd"), "initrd");
    await writeFile(join(scratch.path, "disk.img"), Buffer.alloc(2 ** 20));
    const ended = await runFile(scratch.path, {
      ...machineOf("initrd"),
      architecture: "arm64",
      kernel: "Image",
      disks: [{ path: "disk.img", readOnly: false }],
      network: { kind: "user", forwards: [] },
      agent: { kind: "serial", name: "bootlayer.agent", socket: "agent" },
    });
    expect(ended).toMatchObject({ code: 0, console: "!" });
  });
});
