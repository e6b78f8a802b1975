import { execFileSync } from "node:child_process";
import { launchFile, type LaunchFormat } from "@bootlayer/image-builder";
import { expect, test } from "vitest";
import { bootCommands, shellQuote, type BootableDisk } from "../page/src/boot-commands.ts";

/** The words that a shell makes of a command. */
function words(command: string): readonly string[] {
  return execFileSync("sh", ["-c", `printf '%s\\0' ${command}`])
    .toString()
    .split("\0")
    .slice(0, -1);
}

function commandOf(disk: BootableDisk, monitor: string): string {
  return bootCommands(disk).find((command) => command.monitor === monitor)?.command ?? "";
}

function launchText(
  format: LaunchFormat,
  { file, architecture, readOnly, kernelArguments }: BootableDisk,
): string {
  const disks = [{ path: file, readOnly }];
  const machine = { architecture, kernel: "vmlinux", kernelArguments, disks, memoryMiB: 512, cpus: 1 };
  return launchFile(format, machine).text;
}

const guest = ["init=/usr/lib/bootlayer/init", "bootlayer.note=two words"];
const disks: readonly BootableDisk[] = (["amd64", "arm64"] as const).flatMap((architecture) => [
  { file: "alpine-3.22.ext4", architecture, readOnly: false, kernelArguments: guest, hasGuest: true },
  { file: "a,b.squashfs", architecture, readOnly: true, kernelArguments: [], hasGuest: false },
]);

test.each(disks)("QEMU is started as by its launch file: $architecture, $file", (disk) => {
  const script = launchText("qemu", disk).replace(/^#!.*\nexec /, "");
  expect(words(commandOf(disk, "QEMU"))).toEqual(words(script));
});

test.each(disks)("Cloud Hypervisor is started as by its launch file: $architecture, $file", (disk) => {
  const script = launchText("cloud-hypervisor", disk).replace(/^#!.*\nexec /, "");
  expect(words(commandOf(disk, "Cloud Hypervisor"))).toEqual(words(script));
});

test.each(disks)("Firecracker's configuration is that of its launch file: $architecture, $file", (disk) => {
  const [, text = ""] = /<<'END'\n(.*)\nEND\n/s.exec(commandOf(disk, "Firecracker")) ?? [];
  expect(JSON.parse(text)).toEqual(JSON.parse(launchText("firecracker", disk)));
});

test("bootlayer boots only what has a guest", () => {
  const [disk] = disks;
  expect.assert(disk);
  expect(bootCommands({ ...disk, hasGuest: false }).map(({ monitor }) => monitor)).not.toContain("bootlayer");
});

test.each(["plain", "two words", "it's", "$HOME `id`", "a\nb", "-x"])("a shell reads %j back", (text) => {
  expect(words(shellQuote(text))).toEqual([text]);
});
