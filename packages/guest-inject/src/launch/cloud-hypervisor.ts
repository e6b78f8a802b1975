import { refuseQemuOnly } from "./check-machine.ts";
import { kernelCommandLine } from "./kernel-arguments.ts";
import type { LaunchFile, LaunchMachine } from "./machine.ts";
import { rootArguments } from "./root-arguments.ts";
import { shellScript } from "./shell-quote.ts";

/**
 * A script that runs `cloud-hypervisor`. Its options are those of version 51 and later, which no longer let a guest write to the first
 * sector of a disk unless told that the disk is raw; earlier ones do not know `image_type`. It starts a guest that reboots
 * again, so a panic is left to stand.
 */
export function cloudHypervisorFile(machine: LaunchMachine): LaunchFile {
  refuseQemuOnly("cloud-hypervisor", machine);
  const { network, agent, initrd } = machine;
  const name = "cloud-hypervisor.sh";
  const console = machine.architecture === "arm64" ? "ttyAMA0" : "ttyS0";
  const disks = machine.disks.map(
    ({ path, readOnly }) => `path=${quoteValue(path)},image_type=raw${readOnly ? ",readonly=on" : ""}`,
  );
  const command = [
    "cloud-hypervisor",
    "--kernel",
    argument(machine.kernel),
    ...(initrd === undefined ? [] : ["--initramfs", argument(initrd)]),
    "--cmdline",
    kernelCommandLine([
      `console=${console}`,
      ...rootArguments(machine, ["/dev/vda"]),
      ...machine.kernelArguments,
    ]),
    ...(disks.length === 0 ? [] : ["--disk", ...disks]),
    "--cpus",
    `boot=${machine.cpus}`,
    "--memory",
    `size=${machine.memoryMiB}M`,
    "--serial",
    "tty",
    "--console",
    "off",
    ...(network?.kind === "tap"
      ? ["--net", `tap=${network.device}${network.mac === undefined ? "" : `,mac=${network.mac}`}`]
      : []),
    ...(agent?.kind === "vsock" ? ["--vsock", `cid=${agent.cid},socket=${quoteValue(agent.socket)}`] : []),
  ];
  return {
    format: "cloud-hypervisor",
    name,
    text: shellScript(command),
    executable: true,
    command: `./${name}`,
  };
}

/** A word that begins with a hyphen would be an option. */
function argument(path: string): string {
  return path.startsWith("-") ? `./${path}` : path;
}

/** Values with separators or outer blanks stand in double quotes, and a double quote in them is doubled (its option_parser). */
function quoteValue(value: string): string {
  return /[",[\]]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
