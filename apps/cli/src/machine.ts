import { dirname, join, resolve } from "node:path";
import {
  qemuDiskBus,
  type GuestConfigInput,
  type KernelFacts,
  type LaunchAgent,
  type LaunchFormat,
  type LaunchMachine,
  type LaunchNetwork,
} from "@bootlayer/image-builder";
import type { MachineFlags } from "./machine-flags.ts";
import { usageError } from "./usage-error.ts";

/** What the guest of a machine is known to want. */
export interface MachineGuest {
  readonly architecture: LaunchMachine["architecture"];
  readonly kernelArguments: readonly string[];
  readonly initrd: string | undefined;
  readonly disk: string;
  readonly readOnly: boolean;
  readonly config: GuestConfigInput;
}

/**
 * A machine for a disk, as the flags say.
 *
 * @throws {BuilderError} OPTIONS_INVALID where the kernel is for another architecture: QEMU would start it, and never say a word.
 */
export function machineOf(
  flags: MachineFlags,
  kernel: KernelFacts,
  format: LaunchFormat,
  guest: MachineGuest,
): LaunchMachine {
  const { architecture, kernelArguments, initrd, disk, readOnly, config } = guest;
  if (kernel.architecture !== undefined && kernel.architecture !== architecture)
    throw usageError(
      `the kernel ${kernel.path} is for ${kernel.architecture}, and the disk for ${architecture}`,
    );
  const furtherDisks = (flags.disk ?? []).map((path) => resolve(path));
  const bus = format === "qemu" ? qemuDiskBus(kernel) : undefined;
  return {
    architecture,
    kernel: resolve(kernel.path),
    initrd,
    kernelArguments: [...kernelArguments, ...(flags.append ?? [])],
    disks: [{ path: disk, readOnly, bus }, ...furtherDisks.map((path) => ({ path, readOnly: false, bus }))],
    memoryMiB: flags.memory,
    cpus: flags.cpus,
    network: networkOf(flags, format, config),
    agent: agentOf(flags, format, guest),
  };
}

/** A tap device; else QEMU's own network, which needs no privileges and leads outwards, unless the guest is to have none. */
function networkOf(
  { tap, forward }: MachineFlags,
  format: LaunchFormat,
  { network }: GuestConfigInput,
): LaunchNetwork | undefined {
  if (tap !== undefined) return { kind: "tap", device: tap };
  if (forward === undefined && (format !== "qemu" || network?.mode === "none")) return undefined;
  return { kind: "user", forwards: forward ?? [] };
}

/** QEMU's virtio-serial needs nothing of the host; the others know vsock alone. */
function agentOf(
  { agentSocket, cid }: MachineFlags,
  format: LaunchFormat,
  { config, disk }: MachineGuest,
): LaunchAgent | undefined {
  const { vsock: port, serial: name } = config.agent ?? {};
  const socket = resolve(agentSocket ?? join(dirname(disk), "agent.sock"));
  const vsock = port === undefined ? undefined : ({ kind: "vsock", cid, port, socket } as const);
  const serial = name === undefined ? undefined : ({ kind: "serial", name, socket } as const);
  return format === "qemu" ? (serial ?? vsock) : (vsock ?? serial);
}
