import { GuestError } from "../errors.ts";
import { checkMachine } from "../launch/check-machine.ts";
import { qemuArguments } from "../launch/qemu.ts";
import type { BootOptions, BootOutcome } from "./boot-options.ts";
import { checkKernelImage } from "./check-kernel-image.ts";
import { withDiskBus } from "./disk-bus.ts";
import { accelerators, findQemu } from "./find-qemu.ts";
import { runQemu } from "./run-qemu.ts";

/**
 * Boots a machine under QEMU, found on PATH, and waits until the guest has powered itself off. What comes over its console is
 * passed on by events, and the init's marks there say how the program ended. The guest's writes to its disks are dropped
 * unless `keepWrites`.
 *
 * @throws {GuestError} GUEST_QEMU_MISSING; GUEST_KERNEL where the kernel is no kernel image; GUEST_LAUNCH where the machine is
 * out of range; GUEST_BOOT_FAILED where the kernel panics or QEMU fails, with the last lines of the console; GUEST_BOOT_TIMEOUT.
 * The reason of `signal`, once nothing of the guest is left.
 */
export async function bootWithQemu(options: BootOptions): Promise<BootOutcome> {
  const { signal, onEvent, accelerator, keepWrites = false, timeoutSeconds } = options;
  const began = performance.now();
  signal?.throwIfAborted();
  checkMachine(options.machine);
  const machine = withDiskBus(options.machine, options.kernel);
  await checkKernelImage(machine.kernel);
  const program = await findQemu(machine.architecture);
  const candidates = await accelerators(accelerator, machine.architecture);
  for (const candidate of candidates) {
    const command = [
      program,
      ...qemuArguments(machine, { accelerators: [candidate], snapshot: !keepWrites, console: "pipe" }),
    ];
    const patience =
      candidate === "kvm" && candidates.length > 1 ? (options.kvmPatienceSeconds ?? 5) : undefined;
    const run = await runQemu({
      command,
      accelerator: candidate,
      began,
      patience,
      timeoutSeconds,
      input: options.input,
      signal,
      onEvent,
      sockets: machine.agent?.kind === "serial" ? [machine.agent.socket] : [],
    });
    if (run.kind === "ended") return run.outcome;
    onEvent?.({ kind: "boot-kvm-given-up", reason: run.reason });
  }
  throw new GuestError("GUEST_BOOT_FAILED", `${program} has no accelerator`, "say accelerator: tcg");
}
