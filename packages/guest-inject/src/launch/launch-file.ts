import { checkMachine } from "./check-machine.ts";
import { cloudHypervisorFile } from "./cloud-hypervisor.ts";
import { firecrackerFile } from "./firecracker.ts";
import { libkrunFile } from "./libkrun.ts";
import type { LaunchFile, LaunchFormat, LaunchMachine } from "./machine.ts";
import { qemuFile } from "./qemu.ts";

const makers: Readonly<Record<LaunchFormat, (machine: LaunchMachine) => LaunchFile>> = {
  firecracker: firecrackerFile,
  "cloud-hypervisor": cloudHypervisorFile,
  qemu: qemuFile,
  libkrun: libkrunFile,
};

/**
 * The file that starts a machine under a monitor: a configuration, or a script. The same machine always gives the same text.
 *
 * @throws {GuestError} GUEST_LAUNCH where a member is out of range, or the monitor cannot do what is asked.
 */
export function launchFile(format: LaunchFormat, machine: LaunchMachine): LaunchFile {
  checkMachine(machine);
  return makers[format](machine);
}
