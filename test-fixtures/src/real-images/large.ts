import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { debianClosure } from "../debian-packages.ts";
import { runTool } from "../judges/run-tool.ts";
import { BASE_PACKAGES, installAccounts, MERGED_USR, packagesByLayer, unpackLayer } from "./debian-layers.ts";
import type { RealImageRecipe } from "./recipe.ts";

const LAYERS = [
  BASE_PACKAGES,
  ["g++-12", "python3"],
  ["golang-1.19-go"],
  ["chromium"],
  ["openjdk-17-jdk-headless"],
];

/** Six layers, about 1.7 GB unpacked: compilers, a browser, a Java. */
export const large: RealImageRecipe = {
  name: "large",
  config: { Env: ["PATH=/usr/bin:/usr/sbin"], Cmd: ["/bin/bash"] },
  inputs: async () => await debianClosure(LAYERS.flat()),
  build: async function* (scratch) {
    for (const [index, packages] of (await packagesByLayer(LAYERS)).entries()) {
      const directory = join(scratch, `layer${index}`);
      await unpackLayer(directory, packages);
      if (index === 0) await installAccounts(directory);
      yield { directory, without: index === 0 ? [] : MERGED_USR };
    }
    // As a Dockerfile's last steps do: documentation removed, an application added.
    const directory = join(scratch, "top");
    await mkdir(directory);
    await runTool("bash", ["-euc", "mkdir -p opt/app && echo 'int main() { return 0; }' > opt/app/main.c"], {
      cwd: directory,
    });
    yield { directory, before: [{ name: "usr/share/.wh.doc" }, { name: "usr/share/.wh.man" }] };
  },
};
