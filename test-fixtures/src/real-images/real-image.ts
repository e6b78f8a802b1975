import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { extname, join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { workspaceCache } from "../workspace-cache.ts";
import { buildLayout } from "./build-layout.ts";
import { busybox } from "./busybox.ts";
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

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

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
  const recipe = RECIPES[name];
  const cache = await workspaceCache("real-images");
  const key = createHash("sha256")
    .update(JSON.stringify([await recipe.inputs(), await sources(name)]))
    .digest("hex")
    .slice(0, 16);
  const layout = await cachedDirectory(join(cache, `${name}-${key}`), async (aside) => {
    await removeUnused(cache);
    await buildLayout(recipe, aside);
  });
  const now = new Date();
  // Says that it is in use; an ordinary user cannot say so of an image that root made.
  await utimes(layout, now, now).catch(() => {});
  return { name, layout };
}

/** Images of older code or older packages go when they are a day out of use: another run may be at work with one. */
async function removeUnused(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > DAY_MILLISECONDS) await rm(path, { recursive: true, force: true });
  }
}

/** A recipe is code, in the file of its name: whatever changes in it or beside it makes another image. */
async function sources(name: RealImageName): Promise<string[]> {
  const files = [name, "debian-layers", "layer", "build-layout"].map(
    (file) => `${file}${extname(import.meta.filename)}`,
  );
  return await Promise.all(
    files.map(async (file) => await readFile(join(import.meta.dirname, file), "utf8")),
  );
}
