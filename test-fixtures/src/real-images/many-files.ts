import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { debianClosure } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import { workspaceCache } from "../workspace-cache.ts";
import { BASE_PACKAGES, installAccounts, MERGED_USR, packagesByLayer, unpackLayer } from "./debian-layers.ts";
import type { RealImageRecipe } from "./recipe.ts";

const LAYERS = [BASE_PACKAGES, ["python3", "golang-1.19-src", "tzdata"]];

/** The first alone has more than 30,000 files, 10,000 of them in one directory. */
const NPM_PACKAGES = ["@mui/icons-material@5.16.14", "date-fns@3.6.0"];

/** Over 40,000 files: npm packages over languages' libraries. */
export const manyFiles: RealImageRecipe = {
  name: "many-files",
  config: { Env: ["PATH=/usr/bin:/usr/sbin"], Cmd: ["/bin/bash"], WorkingDir: "/app" },
  inputs: async () => [await debianClosure(LAYERS.flat()), NPM_PACKAGES],
  build: async function* (scratch) {
    for (const [index, packages] of (await packagesByLayer(LAYERS)).entries()) {
      const directory = join(scratch, `layer${index}`);
      await unpackLayer(directory, packages);
      if (index === 0) await installAccounts(directory);
      yield { directory, without: index === 0 ? [] : MERGED_USR };
    }
    const directory = join(scratch, "app-layer");
    for (const npmPackage of NPM_PACKAGES)
      await unpackNpmPackage(npmPackage, join(directory, "app", "node_modules"));
    yield { directory };
  },
};

async function unpackNpmPackage(npmPackage: string, nodeModules: string): Promise<void> {
  const archives = await workspaceCache("npm");
  const cached = await cachedDirectory(join(archives, npmPackage.replaceAll("/", "+")), async (aside) => {
    const packed = await runTool("npm", ["pack", "--silent", npmPackage], { cwd: aside });
    await runTool("mv", [packed.trim(), "package.tgz"], { cwd: aside });
  });
  const directory = join(nodeModules, npmPackage.slice(0, npmPackage.lastIndexOf("@")));
  await mkdir(directory, { recursive: true });
  const options = ["--extract", "--gzip", "--no-same-owner", "--strip-components=1"];
  await runTool("tar", [...options, "--file", join(cached, "package.tgz"), "--directory", directory]);
}
