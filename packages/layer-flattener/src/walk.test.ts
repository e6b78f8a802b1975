import { sortedEntries, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { layerBlob, tarArchive } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { flatten, keepContents, sourceOf } from "../integration/flatten-fixture.ts";
import { discardContents, flattenLayers, type FlattenEvent } from "./index.ts";

describe("the walk from the top down", () => {
  test("bytes that upper layers hide are not written", async () => {
    const { statistics, contents } = await flatten(
      [
        [
          { name: "a", content: "old a" },
          { name: "d/b", content: "b" },
          { name: "c", content: "c" },
        ],
        [{ name: "a", content: "new a" }, { name: "d/.wh..wh..opq" }],
      ],
      { maxOpenContents: 1 },
    );
    expect(contents.given.map(({ data }) => data.toString())).toEqual(["new a", "c"]);
    expect(statistics).toMatchObject({
      entries: 5,
      contentBytes: 6,
      contentWrittenInVain: { files: 0, bytes: 0 },
      secondPassFiles: 0,
      secondPassLayers: 0,
    });
  });

  test("of two layers read at once, the lower one gives in vain what the upper one hides later; it is counted, and not shown", async () => {
    const { tree, statistics, contents } = await flatten([
      [
        { name: "a", content: "old a" },
        { name: "d/b", content: "b" },
      ],
      [{ name: "a", content: "new a" }, { name: "d/.wh..wh..opq" }],
    ]);
    expect(contents.given.map(({ data }) => data.toString())).toEqual(["new a", "b"]);
    expect(tree).toEqual({ a: '"new a"', d: "/" });
    expect(statistics.contentWrittenInVain).toEqual({ files: 1, bytes: 1 });
  });

  test("a hard link in an upper layer keeps a hidden name's bytes wanted: no second pass", async () => {
    const { tree, statistics } = await flatten([
      [{ name: "f", content: "bytes" }],
      [{ name: "g", type: "hardlink", linkTarget: "f" }, { name: ".wh.f" }],
    ]);
    expect(tree).toEqual({ g: '"bytes"' });
    expect(statistics.secondPassFiles).toBe(0);
  });

  test("hidden content that a hard link of its own layer keeps alive comes from a second pass", async () => {
    const events: FlattenEvent[] = [];
    const { tree, statistics } = await flatten(
      [
        [
          { name: "f", content: "kept alive" },
          { name: "other", content: "o" },
          { name: "g", type: "hardlink", linkTarget: "f" },
        ],
        [{ name: "f", content: "new" }],
      ],
      { onEvent: (event) => events.push(event) },
    );
    expect(tree).toEqual({ f: '"new"', g: '"kept alive"', other: '"o"' });
    expect(statistics).toMatchObject({ secondPassFiles: 1, secondPassLayers: 1, contentBytes: 14 });
    expect(events).toContainEqual(expect.objectContaining({ kind: "second-pass", layer: 0, files: 1 }));
  });

  test("a path that ran through a symlink which a middle layer changed comes from a second pass", async () => {
    const { tree, statistics } = await flatten(
      [
        [
          { name: "one/f", content: "one's" },
          { name: "s", type: "symlink", linkTarget: "two" },
        ],
        [{ name: "s/f", content: "through s" }],
        [{ name: ".wh.s" }, { name: "s/f", content: "new" }],
      ],
      { maxOpenContents: 1 },
    );
    expect(tree).toEqual({
      one: "/",
      "one/f": '"one\'s"',
      s: "/",
      "s/f": '"new"',
      two: "/",
      "two/f": '"through s"',
    });
    expect(statistics).toMatchObject({ secondPassFiles: 1, secondPassLayers: 1 });
  });

  test("content written in vain is counted and no node has it", async () => {
    const { contents, statistics, root } = await flatten([
      [
        { name: "lib", type: "symlink", linkTarget: "usr/lib" },
        { name: "usr/lib/x", content: "hidden by way of the symlink" },
      ],
      [{ name: "lib/x", content: "new" }],
    ]);
    expect(statistics.contentWrittenInVain).toEqual({ files: 1, bytes: 28 });
    expect(contents.given).toHaveLength(2);
    expect(contentsOf(root)).toEqual([0]);
  });

  test("a file of no bytes has no content; one that is all hole has", async () => {
    const sparse = {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": "hole",
      "GNU.sparse.realsize": "5000",
    };
    const { contents, node } = await flatten([
      [{ name: "empty" }, { name: "hole", content: "0\n".padEnd(512, "\0"), pax: sparse }],
    ]);
    expect(node("empty")).toMatchObject({ size: 0, content: undefined });
    expect(node("hole")).toMatchObject({ size: 5000, content: 0 });
    expect(contents.given).toEqual([{ shape: { size: 5000, dataRegions: [] }, data: Buffer.alloc(0) }]);
  });

  test("discardContents gives the same tree", async () => {
    const layers = [layerBlob(tarArchive([{ name: "f", content: "x".repeat(5000) }]))].map((blob) =>
      sourceOf(blob),
    );
    const kept = await flattenLayers(layers, keepContents());
    const discarded = await flattenLayers(layers, discardContents());
    expect(discarded.statistics).toEqual(kept.statistics);
    expect(contentsOf(discarded.root)).toHaveLength(1);
  });
});

function contentsOf(root: DirectoryNode): unknown[] {
  return sortedEntries(root).flatMap(([, node]) =>
    node.kind === "file" ? [node.content] : node.kind === "directory" ? contentsOf(node) : [],
  );
}
