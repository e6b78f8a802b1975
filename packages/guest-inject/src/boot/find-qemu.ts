import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { arch, env, platform } from "node:process";
import { GuestError } from "../errors.ts";
import { qemuProgram } from "../launch/qemu.ts";
import type { LaunchMachine } from "../launch/machine.ts";
import type { Accelerator, BootOptions } from "./boot-options.ts";

const packages = {
  amd64: "apt install qemu-system-x86, dnf install qemu-system-x86-core, brew install qemu",
  arm64: "apt install qemu-system-arm, dnf install qemu-system-aarch64-core, brew install qemu",
} as const;

/**
 * The path of QEMU for an architecture, found on PATH.
 *
 * @throws {GuestError} GUEST_QEMU_MISSING.
 */
export async function findQemu(architecture: LaunchMachine["architecture"]): Promise<string> {
  const program = qemuProgram(architecture);
  for (const directory of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(directory, program);
    if (directory !== "" && (await can(path, constants.X_OK))) return path;
  }
  throw new GuestError(
    "GUEST_QEMU_MISSING",
    `${program} is not on PATH`,
    `install QEMU (${packages[architecture]})`,
  );
}

/** What to try, in order: KVM runs guests of the host's own architecture only. */
export async function accelerators(
  asked: BootOptions["accelerator"],
  architecture: LaunchMachine["architecture"],
): Promise<readonly Accelerator[]> {
  if (asked === "kvm" || asked === "tcg") return [asked];
  const isNative = platform === "linux" && arch === (architecture === "amd64" ? "x64" : "arm64");
  const hasKvm = isNative && (await can("/dev/kvm", constants.R_OK | constants.W_OK));
  return hasKvm ? ["kvm", "tcg"] : ["tcg"];
}

async function can(path: string, mode: number): Promise<boolean> {
  return await access(path, mode).then(
    () => true,
    () => false,
  );
}
