import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { attributes, directory } from "../integration/plain-nodes.ts";
import {
  byteString,
  byteStringOf,
  compareByteStrings,
  countNodes,
  isDirectory,
  sortedEntries,
  walkTree,
  type ContentHandle,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
} from "./index.ts";

function file(size: number): FileNode {
  return { kind: "file", attributes, size, content: size === 0 ? undefined : (1 as ContentHandle) };
}

test("entries come in the byte order of their names, whatever order they were put in", () => {
  const names = ["b", "B", "a-b", "a", "a.b", "ä", "z"];
  const sorted = sortedEntries(directory(Object.fromEntries(names.map((name) => [name, file(0)]))));
  expect(sorted.map(([name]) => name)).toEqual(["B", "a", "a-b", "a.b", "b", "z", byteString("ä")]);
});

test("bytes over 0x7f come last, compared unsigned and not as text", () => {
  const root = directory();
  // As UTF-16 the second would come before the first.
  for (const bytes of [[0xef, 0xbd, 0x80], [0xf0, 0x9f, 0x9a, 0x80], [0x7f], [0x80]])
    root.entries.set(byteStringOf(Uint8Array.from(bytes)), file(0));
  expect(sortedEntries(root).map(([name]) => name.charCodeAt(0))).toEqual([0x7f, 0x80, 0xef, 0xf0]);
});

test("a walk gives parents before children, siblings in order, a directory's children right behind it", () => {
  const root = directory({
    b: file(1),
    a: directory({ y: directory({ deep: file(1) }), x: file(1) }),
    "a.": file(1),
  });
  expect([...walkTree(root)].map(({ path }) => path)).toEqual(["", "a", "a/x", "a/y", "a/y/deep", "a.", "b"]);
});

test("a walk gives each entry its name and its parent; the root is its own parent", () => {
  const inner = directory({ leaf: file(1) });
  const root = directory({ inner });
  expect([...walkTree(root)]).toMatchObject([
    { path: "", name: "", node: root, parent: root },
    { path: "inner", name: "inner", node: inner, parent: root },
    { path: "inner/leaf", name: "leaf", parent: inner },
  ]);
});

test("a tree deeper than any call stack is walked", () => {
  const root = directory();
  let deepest = root;
  for (let depth = 0; depth < 20_000; depth++) {
    const next = directory();
    deepest.entries.set(byteString("d"), next);
    deepest = next;
  }
  expect(countNodes(root).names).toBe(20_001);
});

test("a file with several names is counted once as a node and for its bytes, and once for each name", () => {
  const linked = file(1000);
  const root = directory({ a: linked, b: directory({ c: linked }), d: file(0) });
  expect(countNodes(root)).toMatchObject({
    nodes: { directory: 2, file: 2, symlink: 0, fifo: 0 },
    names: 5,
    fileBytes: 1000,
  });
});

const anyTree = fc.letrec<{ tree: RootfsNode }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: "tree" },
    fc.nat(100).map((size): RootfsNode => file(size)),
    fc
      .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 3 }).map(byteStringOf), tie("tree")), {
        maxLength: 5,
        depthIdentifier: "tree",
      })
      .map((entries): RootfsNode => ({ kind: "directory", attributes, entries: new Map(entries) })),
  ),
})).tree;

test.prop([anyTree])("every name of a tree is walked once, in one order", (tree) => {
  const root: DirectoryNode = isDirectory(tree) ? tree : directory({ tree });
  const names = (node: RootfsNode): number =>
    isDirectory(node) ? [...node.entries.values()].reduce((sum, child) => sum + 1 + names(child), 0) : 0;
  const entries = [...walkTree(root)];
  expect(entries).toHaveLength(1 + names(root));
  expect(countNodes(root).names).toBe(entries.length);
  for (const { path, name, node, parent } of entries.slice(1)) {
    expect(parent.entries.get(name)).toBe(node);
    expect(path.endsWith(name)).toBe(true);
  }
  const siblings = Map.groupBy(entries.slice(1), ({ parent }) => parent);
  for (const group of siblings.values())
    expect(group.map(({ name }) => name)).toEqual(group.map(({ name }) => name).toSorted(compareByteStrings));
});
