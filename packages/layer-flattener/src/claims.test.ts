import { byteString, epoch, type Attributes } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { createClaims } from "./claims.ts";
import type { LayerEntry } from "./layer-entry.ts";

const attributes: Attributes = { mode: 0, uid: 0, gid: 0, mtime: epoch, xattrs: new Map() };
const directory = (path: string): LayerEntry => ({ kind: "directory", path: byteString(path), attributes });
const symlink = (path: string): LayerEntry => ({
  kind: "symlink",
  path: byteString(path),
  attributes,
  target: byteString("x"),
});
const hides = (kind: "whiteout" | "opaque", path: string): LayerEntry => ({ kind, path: byteString(path) });
const hardlink = (path: string, target: string): LayerEntry => ({
  kind: "hardlink",
  path: byteString(path),
  target: byteString(target),
});

/** Which of these paths the next layer's content is wanted for, the layers given from the top down. */
function wanted(layers: readonly (readonly LayerEntry[])[], paths: readonly string[]): string[] {
  const claims = createClaims();
  for (const layer of layers) claims.addLayer(layer);
  return paths.filter((path) => claims.wants(byteString(path)));
}

const paths = ["a", "a/b", "a/b/c", "z"];

test.each([
  ["nothing above", [], paths],
  ["something that is no directory hides all below it", [[symlink("a")]], ["z"]],
  ["a whiteout hides all below it", [[hides("whiteout", "a/b")]], ["z"]],
  ["an opaque marker hides what is below", [[hides("opaque", "a/b")]], ["z"]],
  [
    "a directory hides a file of its name and merges with a directory",
    [[directory("a")]],
    ["a/b", "a/b/c", "z"],
  ],
  ["an entry implies that its parents are directories", [[symlink("a/x")]], ["a/b", "a/b/c", "z"]],
  ["an opaque root hides everything", [[hides("opaque", "")]], []],
  ["what a middle layer hides stays hidden below", [[directory("a")], [symlink("a")]], ["z"]],
])("%s", (_, layers, expected) => {
  // A parent of what is hidden is a directory above, so that a file in its place is hidden too.
  expect(wanted(layers, paths)).toEqual(expected);
});

test("a hard link keeps its target wanted although the name is hidden, until a layer has given it", () => {
  const top = [hides("whiteout", "a"), hardlink("kept", "a")];
  expect(wanted([top], ["a"])).toEqual(["a"]);
  expect(wanted([top, [symlink("a")]], ["a"])).toEqual([]);
});

test("a hard link to a name of its own layer wants nothing of lower ones", () => {
  expect(wanted([[symlink("a"), hardlink("b", "a")]], ["a"])).toEqual([]);
});

test("a hard link that is itself hidden wants nothing", () => {
  expect(wanted([[symlink("b")], [hides("whiteout", "a"), hardlink("b", "a")]], ["a"])).toEqual([]);
});

test("a wanted name that turns out to be a hard link hands the wish on", () => {
  const layers = [
    [hides("whiteout", "b"), hardlink("c", "b")],
    [hides("whiteout", "a"), hardlink("b", "a")],
  ];
  expect(wanted(layers, ["a", "b"])).toEqual(["a"]);
});
