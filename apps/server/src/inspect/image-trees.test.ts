import { expect, test } from "vitest";
import type { Build } from "../catalogue/builds.ts";
import { keepTrees, type ImageTrees } from "./image-trees.ts";

function buildOf(manifestDigest: string): Build {
  return { id: "", state: "ready", manifestDigest } as Build;
}

/** Trees of 10 entries each, of which three are kept; and which were read, in order. */
function trees(): ImageTrees & { readonly read: string[] } {
  const read: string[] = [];
  const kept = keepTrees(async ({ manifestDigest = "" }) => {
    read.push(manifestDigest);
    if (manifestDigest === "unsound") throw new Error("no tree");
    return { entries: manifestDigest === "huge" ? 100 : 10, level: () => undefined };
  }, 30);
  return { ...kept, read };
}

async function ask(of: ImageTrees, ...digests: readonly string[]): Promise<void> {
  for (const digest of digests) await of.of(buildOf(digest));
}

test("a tree that is kept is not read again, the one asked for longest ago goes first", async () => {
  const kept = trees();
  await ask(kept, "a", "b", "c", "a", "d");
  expect(kept.read).toEqual(["a", "b", "c", "d"]);
  await ask(kept, "a", "c", "d");
  expect(kept.read).toEqual(["a", "b", "c", "d"]);
  await ask(kept, "b");
  expect(kept.read).toEqual(["a", "b", "c", "d", "b"]);
});

test("a tree that is larger than all that may be kept is kept alone", async () => {
  const kept = trees();
  await ask(kept, "a", "huge", "huge");
  expect(kept.read).toEqual(["a", "huge"]);
  await ask(kept, "a");
  expect(kept.read).toEqual(["a", "huge", "a"]);
});

test("who asks for a tree that is being read waits for it", async () => {
  const kept = trees();
  await Promise.all([ask(kept, "a"), ask(kept, "a"), ask(kept, "b")]);
  expect(kept.read).toEqual(["a", "b"]);
});

test("a tree that could not be read is read again, and keeps no other from being read", async () => {
  const kept = trees();
  await expect(ask(kept, "unsound")).rejects.toThrow("no tree");
  await expect(ask(kept, "unsound")).rejects.toThrow("no tree");
  await ask(kept, "a");
  expect(kept.read).toEqual(["unsound", "unsound", "a"]);
});
