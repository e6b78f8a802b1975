import { join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { debianPackage, downloadPackages } from "../debian-packages.ts";
import { requireJudge } from "../require-judge.ts";
import { runTool } from "./run-tool.ts";
import { workspaceCache } from "../workspace-cache.ts";

/** Debian's kernel for virtual machines, without installing it: it has ext4 and NVMe built in, so needs no initrd. */
export interface CloudKernel {
  /** The bzImage. */
  readonly kernel: string;
  /** Its modules, as `/lib/modules/VERSION`. */
  readonly modules: string;
  /** Such as `6.1.0-56-cloud-amd64`. */
  readonly version: string;
}

/** Needs apt-get with its lists, dpkg-deb, and the network the first time. */
export async function cloudKernel(): Promise<CloudKernel> {
  const found = await debianPackage(["linux-image-cloud-amd64"], /^linux-image-\d/);
  const version = found.name.slice("linux-image-".length);
  const kernels = await workspaceCache("kernels");
  const directory = await cachedDirectory(join(kernels, `${found.name}_${found.version}`), async (aside) => {
    for (const deb of await downloadPackages([found])) await runTool("dpkg-deb", ["--extract", deb, aside]);
  });
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
