import type { ByteString, ContentHandle, FileNode } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { claimContents, type ClaimedContents } from "./claimed-contents.ts";
import type { FragmentBlock, PlacedContent } from "./format/placed-content.ts";

const path = "a/file" as ByteString;
const fragments: FragmentBlock[] = [
  { start: 96, word: 10 },
  { start: 106, word: 20 },
  { start: 126, word: 30 },
];

/** Contents of 10 bytes, each in a fragment of its own. */
function claimed(): ClaimedContents {
  const contents: PlacedContent[] = fragments.map((_, index) => ({
    size: 10,
    start: 0,
    blocks: new Uint32Array(),
    fragment: { index, offset: 5 },
    sparseBytes: 0,
  }));
  return claimContents({ count: contents.length, get: (handle) => contents[handle] }, fragments);
}

function file(content: number, size = 10): FileNode {
  const attributes = { mode: 0, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() };
  return { kind: "file", attributes, size, content: content as ContentHandle };
}

test.each([
  ["none of the image's", file(3)],
  ["of another size", file(0, 11)],
])("content that is %s is refused", (_, node) => {
  expect(() => {
    claimed().claim(node, path);
  }).toThrow(expect.objectContaining({ code: "SQUASHFS_TREE_INVALID" }));
});

test("no two files have one content", () => {
  const contents = claimed();
  contents.claim(file(1), path);
  expect(() => {
    contents.claim(file(1), path);
  }).toThrow(expect.objectContaining({ code: "SQUASHFS_TREE_INVALID" }));
});

test("fragment blocks that no file is in are not listed, and the others counted anew", () => {
  const contents = claimed();
  contents.claim(file(2), path);
  contents.claim(file(1), path);
  expect(contents.fragments()).toEqual(fragments.slice(1));
  expect(contents.contentOf(file(2))?.fragment).toEqual({ index: 1, offset: 5 });
  expect(contents.unclaimed()).toEqual([0]);
});
