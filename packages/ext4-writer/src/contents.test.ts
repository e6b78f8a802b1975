import { byteString, type ContentHandle, type FileNode } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { createContents } from "./contents.ts";

function file(content: number, size: number): FileNode {
  const attributes = { mode: 0, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() };
  return { kind: "file", attributes, size, content: content as ContentHandle };
}

test("what no file claims is dropped", () => {
  const contents = createContents();
  for (const size of [10, 20, 30]) contents.add(size, size);
  contents.claim(file(1, 20), byteString("b"));
  expect(contents.unclaimed()).toEqual([0, 2]);
});

test.each([
  ["that was never written", 7, 10],
  ["that is no handle", 0.5, 10],
  ["of another size", 0, 11],
  ["that another file has", 1, 20],
])("content %s is refused", (_, handle, size) => {
  const contents = createContents();
  contents.add(10, 10);
  contents.add(20, 20);
  contents.claim(file(1, 20), byteString("first"));
  expect(() => contents.claim(file(handle, size), byteString("second"))).toThrow(
    expect.objectContaining({ code: "EXT4_TREE_INVALID", message: expect.stringContaining("/second") }),
  );
});
