import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { FixtureDescriptor } from "../descriptor.ts";
import { imageDocuments } from "../image.ts";
import { writeBlob, writeLayoutIndex } from "../layout.ts";
import { storeLayer, type StoredLayer } from "./layer.ts";
import type { RealImageRecipe } from "./recipe.ts";

/** Makes the image's layers and, of each compression, its manifest, in an empty directory. */
export async function buildLayout(recipe: RealImageRecipe, layout: string): Promise<void> {
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
