import { createHash } from "node:crypto";
import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { workspaceCache } from "../workspace-cache.ts";
import { buildLayout } from "./build-layout.ts";
import type { RealImageRecipe } from "./recipe.ts";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

/**
 * An image's OCI layout, with tags `gzip` and `zstd`, from the workspace's cache; made on first use.
 *
 * @param family the directory of the cache.
 * @param sources files of the recipe's code: whatever changes in them, or in the recipe's inputs, makes another image.
 */
export async function cachedLayout(
  recipe: RealImageRecipe,
  { family, sources }: { readonly family: string; readonly sources: readonly string[] },
): Promise<string> {
  const cache = await workspaceCache(family);
  const code = await Promise.all(sources.map(async (file) => await readFile(file, "utf8")));
  const key = createHash("sha256")
    .update(JSON.stringify([await recipe.inputs(), code]))
    .digest("hex")
    .slice(0, 16);
  const layout = await cachedDirectory(join(cache, `${recipe.name}-${key}`), async (aside) => {
    await removeUnused(cache);
    await buildLayout(recipe, aside);
  });
  const now = new Date();
  // Says that it is in use; an ordinary user cannot say so of an image that root made.
  await utimes(layout, now, now).catch(() => {});
  return layout;
}

/** Images of older code or older packages go when they are a day out of use: another run may be at work with one. */
async function removeUnused(cache: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    const path = join(cache, entry);
    // Locks and scratch directories of others come and go meanwhile.
    const status = await stat(path).catch(() => undefined);
    if (status !== undefined && Date.now() - status.mtimeMs > DAY_MILLISECONDS)
      await rm(path, { recursive: true, force: true });
  }
}
