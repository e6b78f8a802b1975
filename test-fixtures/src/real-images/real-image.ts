import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { extname, join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import type { FixtureDescriptor } from "../descriptor.ts";
import { imageDocuments } from "../image.ts";
import { writeBlob, writeLayoutIndex } from "../layout.ts";
import { workspaceCache } from "../workspace-cache.ts";
import { busybox } from "./busybox.ts";
import { debian } from "./debian.ts";
import { large } from "./large.ts";
import { storeLayer, type StoredLayer } from "./layer.ts";
import { manyFiles } from "./many-files.ts";
import type { RealImageRecipe } from "./recipe.ts";

const RECIPES = { debian, large, "many-files": manyFiles, busybox } as const;

export type RealImageName = keyof typeof RECIPES;

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
  const recipe: RealImageRecipe = RECIPES[name];
  const cache = await workspaceCache("real-images");
  const key = createHash("sha256")
    .update(JSON.stringify([await recipe.inputs(), await sources(name)]))
    .digest("hex")
    .slice(0, 16);
  const layout = await cachedDirectory(join(cache, `${name}-${key}`), async (aside) => {
    for (const old of await readdir(cache))
      if (new RegExp(`^${name}-[0-9a-f]{16}$`).test(old)) await rm(join(cache, old), { recursive: true });
    await buildLayout(recipe, aside);
  });
  return { name, layout };
}

/** A recipe is code, in the file of its name: whatever changes in it or beside it makes another image. */
async function sources(name: RealImageName): Promise<string[]> {
  const files = [name, "debian-layers", "layer", "real-image"].map(
    (file) => `${file}${extname(import.meta.filename)}`,
  );
  return await Promise.all(
    files.map(async (file) => await readFile(join(import.meta.dirname, file), "utf8")),
  );
}

async function buildLayout(recipe: RealImageRecipe, layout: string): Promise<void> {
  const scratch = join(layout, ".scratch");
  await mkdir(scratch);
  await mkdir(join(layout, "blobs", "sha256"), { recursive: true });
  const storing: Promise<StoredLayer>[] = [];
  for await (const layer of recipe.build(scratch)) {
    const stored = storeLayer(layer, scratch, layout);
    // A failure is thrown below; until then it must not count as unhandled.
    stored.catch(() => {});
    storing.push(stored);
  }
  const stored = await Promise.all(storing);
  await rm(scratch, { recursive: true });

  const tags: Record<string, FixtureDescriptor> = {};
  for (const compression of ["gzip", "zstd"] as const) {
    const layers = stored.map((layer) => ({ descriptor: layer[compression], diffId: layer.diffId }));
    const { manifest, manifestDescriptor, config } = imageDocuments(layers, { config: recipe.config });
    await writeBlob(layout, config);
    await writeBlob(layout, manifest);
    tags[compression] = manifestDescriptor;
  }
  await writeLayoutIndex(layout, tags);
}
