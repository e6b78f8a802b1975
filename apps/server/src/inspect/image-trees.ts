import { listFiles } from "@bootlayer/image-builder";
import type { Build } from "../catalogue/builds.ts";
import type { ServerContext } from "../server-context.ts";
import { builtDigest, readBuiltImage } from "./built-image.ts";
import { imageTree, type ImageTree } from "./image-tree.ts";

/** Names of all trees that are kept: some hundred bytes each. */
const maxEntries = 500_000;

/**
 * Trees of images. All layers of an image are read to know one, so the last ones are kept, and whoever asks for one that is being
 * read waits for it; one is read at a time.
 */
export function createImageTrees(context: ServerContext): { of(build: Build): Promise<ImageTree> } {
  const trees = new Map<string, Promise<ImageTree>>();
  const known = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();

  const read = async (build: Build): Promise<ImageTree> => {
    const { platform } = build.request;
    const files = await readBuiltImage(context, build, (source, environment) =>
      listFiles({ source, platform }, environment),
    );
    return imageTree(files);
  };

  const forgetOldest = (): void => {
    let total = [...known.values()].reduce((sum, entries) => sum + entries, 0);
    for (const [digest, entries] of known) {
      if (total <= maxEntries || known.size === 1) return;
      known.delete(digest);
      trees.delete(digest);
      total -= entries;
    }
  };

  return {
    async of(build) {
      const digest = builtDigest(build);
      const found = trees.get(digest);
      if (found) {
        // The least recently used one is the first.
        trees.delete(digest);
        trees.set(digest, found);
        return await found;
      }
      const tree = last.then(async () => read(build));
      last = tree.catch(() => {});
      trees.set(digest, tree);
      try {
        known.set(digest, (await tree).entries);
        forgetOldest();
      } catch (error) {
        trees.delete(digest);
        throw error;
      }
      return await tree;
    },
  };
}
