import { GuestError } from "../errors.ts";
import type { LaunchFile, LaunchFormat, LaunchMachine } from "./machine.ts";

/**
 * The file that starts a machine under a monitor: a configuration or a shell script.
 *
 * @throws {GuestError} GUEST_LAUNCH where the monitor cannot do what is asked.
 */
export function launchFile(format: LaunchFormat, machine: LaunchMachine): LaunchFile {
  throw new GuestError("GUEST_LAUNCH", `${format} cannot start ${machine.kernel}`, "use another monitor");
}
