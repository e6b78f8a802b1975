import { join } from "node:path";
import { cachedDirectory } from "./cached-directory.ts";
import { downloadPackages, type DebianPackage } from "./debian-packages.ts";
import { runTool } from "./judges/run-tool.ts";
import { workspaceCache } from "./workspace-cache.ts";

/** A directory with a package's files, which is not installed: downloaded and unpacked once. */
export async function unpackedPackage(found: DebianPackage): Promise<string> {
  const cache = await workspaceCache("unpacked");
  return await cachedDirectory(join(cache, `${found.name}_${found.version}`), async (aside) => {
    for (const deb of await downloadPackages([found])) await runTool("dpkg-deb", ["--extract", deb, aside]);
  });
}
