import { extname, join } from "node:path";
import { busybox } from "./busybox.ts";
import { cachedLayout } from "./cached-layout.ts";
import { debian } from "./debian.ts";
import { large } from "./large.ts";
import { manyFiles } from "./many-files.ts";
import type { RealImageRecipe } from "./recipe.ts";

export type RealImageName = "debian" | "large" | "many-files" | "busybox";

const RECIPES: Readonly<Record<RealImageName, RealImageRecipe>> = {
  debian,
  large,
  "many-files": manyFiles,
  busybox,
};

export const REAL_IMAGE_NAMES: readonly RealImageName[] = ["debian", "large", "many-files", "busybox"];

/** What `requireJudge` has to find for `realImage` to work, beside apt's lists and the network the first time. */
export const REAL_IMAGE_TOOLS: readonly string[] =
  "root apt-get dpkg-deb bash tar gzip zstd setfattr setfacl setcap npm".split(" ");

export interface RealImage {
  readonly name: RealImageName;
  /**
   * An OCI layout that holds the image under two tags, `gzip` and `zstd`: the same config, the same layers, compressed one
   * way or the other.
   */
  readonly layout: string;
}

/** A real image from Debian's and npm's packages, made as root on first use and kept in the workspace's cache. */
export async function realImage(name: RealImageName): Promise<RealImage> {
  // A recipe is in the file of its name.
  const sources = [name, "debian-layers", "layer", "build-layout"].map((file) =>
    join(import.meta.dirname, `${file}${extname(import.meta.filename)}`),
  );
  return { name, layout: await cachedLayout(RECIPES[name], { family: "real-images", sources }) };
}
