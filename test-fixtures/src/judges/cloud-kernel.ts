import { join } from "node:path";
import { debianPackage } from "../debian-packages.ts";
import { requireJudge } from "../require-judge.ts";
import { unpackedPackage } from "../unpacked-package.ts";

/** Debian's kernel for virtual machines, without installing it: it has ext4 and NVMe built in, so needs no initrd. */
export interface CloudKernel {
  /** The bzImage. */
  readonly kernel: string;
  /** Its modules, as `/lib/modules/VERSION`. */
  readonly modules: string;
  /** Such as `6.1.0-56-cloud-amd64`. */
  readonly version: string;
}

/**
 * Needs apt-get with its lists, dpkg-deb, and the network the first time; for another architecture than the machine's
 * `dpkg --add-architecture` and `apt-get update` before.
 */
export async function cloudKernel(architecture: "amd64" | "arm64" = "amd64"): Promise<CloudKernel> {
  const found = await debianPackage([`linux-image-cloud-${architecture}:${architecture}`], /^linux-image-\d/);
  const version = found.name.slice("linux-image-".length).replace(/:.*/, "");
  const directory = await unpackedPackage(found);
  return {
    kernel: join(directory, "boot", `vmlinuz-${version}`),
    modules: join(directory, "lib", "modules", version),
    version,
  };
}

/**
 * `requireJudge` for tests that boot a disk: fetches the kernel where tests are collected, and skips them where it cannot.
 *
 * @returns `kernel` is empty where `skip` is true.
 * @throws {Error} instead of skipping, where BOOTLAYER_REQUIRE_JUDGES is 1.
 */
export async function requireCloudKernel(): Promise<{
  readonly skip: boolean;
  readonly reason: string;
  readonly kernel: string;
}> {
  const tools = requireJudge("qemu-system-x86_64", "apt-get", "dpkg-deb");
  if (tools.skip) return { ...tools, kernel: "" };
  try {
    return { ...tools, kernel: (await cloudKernel()).kernel };
  } catch (cause) {
    if (process.env["BOOTLAYER_REQUIRE_JUDGES"] === "1") throw cause;
    return { skip: true, reason: " [skipped: needs Debian's cloud kernel from apt]", kernel: "" };
  }
}
