import { listFiles } from "@bootlayer/image-builder";
import type { Build } from "../catalogue/builds.ts";
import type { ServerContext } from "../server-context.ts";
import { builtDigest, readBuiltImage } from "./built-image.ts";
import { imageTree, type ImageTree } from "./image-tree.ts";

/** Names of all trees that are kept: some hundred bytes each. */
const maxEntries = 500_000;

export interface ImageTrees {
  of(build: Build): Promise<ImageTree>;
}

export function createImageTrees(context: ServerContext): ImageTrees {
  return keepTrees(async (build) => {
    const { platform } = build.request;
    const files = await readBuiltImage(context, build, (source, environment) =>
      listFiles({ source, platform }, environment),
    );
    return imageTree(files);
  }, maxEntries);
}

interface KeptTree {
  readonly tree: Promise<ImageTree>;
  /** Undefined while it is read. */
  entries: number | undefined;
}

/**
 * Trees of images. All layers of an image are read to know one, so the last ones that were asked for are kept, and whoever asks for
 * one that is being read waits for it; one is read at a time.
 */
export function keepTrees(read: (build: Build) => Promise<ImageTree>, maxEntries: number): ImageTrees {
  /** The one asked for longest ago comes first. */
  const trees = new Map<string, KeptTree>();
  let last: Promise<unknown> = Promise.resolve();

  function forgetOldest(): void {
    const known = [...trees].flatMap(([digest, { entries }]) =>
      entries === undefined ? [] : [{ digest, entries }],
    );
    let total = known.reduce((sum, { entries }) => sum + entries, 0);
    // However large it is, one is kept.
    for (const { digest, entries } of known.slice(0, -1)) {
      if (total <= maxEntries) return;
      trees.delete(digest);
      total -= entries;
    }
  }

  return {
    async of(build) {
      const digest = builtDigest(build);
      const found = trees.get(digest);
      if (found) {
        trees.delete(digest);
        trees.set(digest, found);
        return await found.tree;
      }
      const tree = last.then(async () => read(build));
      last = tree.catch(() => {});
      const kept: KeptTree = { tree, entries: undefined };
      trees.set(digest, kept);
      try {
        kept.entries = (await tree).entries;
      } catch (error) {
        trees.delete(digest);
        throw error;
      }
      forgetOldest();
      return await tree;
    },
  };
}
