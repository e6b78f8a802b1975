import { join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { debianDependency, downloadPackage } from "../debian-packages.ts";
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
  const found = await debianDependency("linux-image-cloud-amd64", /^linux-image-\d/);
  const version = found.name.slice("linux-image-".length);
  const kernels = await workspaceCache("kernels");
  const directory = await cachedDirectory(join(kernels, `${found.name}_${found.version}`), async (aside) => {
    await runTool("dpkg-deb", ["--extract", await downloadPackage(found), aside]);
  });
  return {
    kernel: join(directory, "boot", `vmlinuz-${version}`),
    modules: join(directory, "lib", "modules", version),
    version,
  };
}
