import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { attributes, directory } from "../integration/plain-nodes.ts";
import {
  byteString,
  resolvePath,
  RootfsTreeError,
  splitPath,
  type ContentHandle,
  type DirectoryNode,
  type FileNode,
  type PathResolution,
  type RootfsNode,
  type SymlinkNode,
} from "./index.ts";

function link(target: string): SymlinkNode {
  return { kind: "symlink", attributes, target: byteString(target) };
}

const file: FileNode = { kind: "file", attributes, size: 1, content: 1 as ContentHandle };

function follow(root: DirectoryNode, path: string): PathResolution {
  return resolvePath(root, byteString(path), { followLast: true });
}

function leave(root: DirectoryNode, path: string): PathResolution {
  return resolvePath(root, byteString(path), { followLast: false });
}

test("a path without its empty components and `.` is what it names", () => {
  const root = directory({ a: directory({ b: file }) });
  for (const path of ["a/b", "/a/b", "./a/./b", "//a//b/", "a/b/."])
    expect(follow(root, path)).toMatchObject({ kind: "found", node: file, path: "a/b" });
  expect(splitPath(byteString("/.//a/../b/"))).toEqual(["a", "..", "b"]);
});

test("the root is named by nothing, by a slash, by a dot, and is its own parent", () => {
  const root = directory();
  for (const path of ["", "/", ".", "..", "/../.."])
    expect(follow(root, path)).toEqual({ kind: "found", node: root, path: "", parent: root });
});

describe("symlinks", () => {
  test("a relative target starts at the symlink's own directory", () => {
    const root = directory({ a: directory({ to: link("b"), b: file }), b: directory() });
    expect(follow(root, "a/to")).toMatchObject({ kind: "found", node: file, path: "a/b" });
  });

  test("an absolute target starts at the tree's root", () => {
    const root = directory({ a: directory({ to: link("/b") }), b: directory({ c: file }) });
    expect(follow(root, "a/to/c")).toMatchObject({ kind: "found", node: file, path: "b/c" });
  });

  test("a target with more `..` than there are directories ends at the root", () => {
    const root = directory({
      a: directory({ to: link("../../../../etc/passwd") }),
      etc: directory({ passwd: file }),
    });
    expect(follow(root, "a/to")).toMatchObject({ kind: "found", node: file, path: "etc/passwd" });
  });

  test("`..` behind a symlink is the parent of where it leads, not of where it stands", () => {
    const root = directory({
      a: directory({ to: link("/x/y") }),
      x: directory({ y: directory(), here: file }),
    });
    expect(follow(root, "a/to/../here")).toMatchObject({ kind: "found", node: file, path: "x/here" });
  });

  test("one in the last place is followed or returned, as asked; before the last it is always followed", () => {
    const to = link("b");
    const root = directory({ a: directory({ to, b: directory({ to }) }), to: link("a") });
    expect(leave(root, "a/to")).toMatchObject({ kind: "found", node: to, path: "a/to" });
    expect(leave(root, "to/b/to")).toMatchObject({ kind: "found", node: to, path: "a/b/to" });
    expect(follow(root, "a/to")).toMatchObject({ kind: "found", path: "a/b" });
  });

  test("a chain is followed to its end", () => {
    const root = directory({ a: link("b"), b: link("/c"), c: link("./d"), d: file });
    expect(follow(root, "a")).toMatchObject({ kind: "found", node: file, path: "d" });
  });

  test.for([
    ["itself", { a: link("a") }],
    ["each other", { a: link("b"), b: link("/a") }],
    ["below itself", { a: link("a/b") }],
  ] as const)("that lead to %s are PATH_SYMLINK_LOOP", ([, entries]) => {
    expect(() => follow(directory(entries), "a")).toThrow(
      expect.objectContaining({ code: "PATH_SYMLINK_LOOP", message: expect.stringContaining("a") }),
    );
  });

  test("forty in one path are followed, forty-one are not", () => {
    const chain = (length: number): DirectoryNode =>
      directory(
        Object.fromEntries(
          Array.from({ length: length + 1 }, (_, step) => [
            `${step}`,
            step === length ? file : link(`${step + 1}`),
          ]),
        ),
      );
    expect(follow(chain(40), "0")).toMatchObject({ kind: "found", node: file });
    expect(() => follow(chain(41), "0")).toThrow(expect.objectContaining({ code: "PATH_SYMLINK_LOOP" }));
  });
});

describe("what is no directory", () => {
  test("cannot be passed, not even by `..`", () => {
    const root = directory({ a: directory({ file }) });
    for (const path of ["a/file/b", "a/file/.."])
      expect(follow(root, path)).toEqual({ kind: "not-a-directory", node: file, path: "a/file" });
  });

  test("is named by where it is, not by the symlink that led there", () => {
    const root = directory({ to: link("a/file"), a: directory({ file }) });
    expect(follow(root, "to/b")).toEqual({ kind: "not-a-directory", node: file, path: "a/file" });
  });
});

describe("what is missing", () => {
  test("is told from the last directory that exists", () => {
    const a = directory();
    expect(follow(directory({ a }), "a/b/c")).toEqual({
      kind: "missing",
      parent: a,
      path: "a",
      missing: ["b", "c"],
    });
  });

  test("below parents that are symlinks is missing where they lead", () => {
    const run = directory();
    const root = directory({ var: directory({ run: link("/run") }), run });
    expect(follow(root, "var/run/app/pid")).toEqual({
      kind: "missing",
      parent: run,
      path: "run",
      missing: ["app", "pid"],
    });
  });

  test("behind a dangling symlink is the target and what follows", () => {
    const root = directory({ to: link("not/there") });
    expect(follow(root, "to/file")).toEqual({
      kind: "missing",
      parent: root,
      path: "",
      missing: ["not", "there", "file"],
    });
  });

  test("is taken back by a `..` behind it, as container runtimes do", () => {
    const root = directory({ a: directory({ file }), to: link("not/../a") });
    expect(follow(root, "to/file")).toMatchObject({ kind: "found", node: file, path: "a/file" });
    expect(follow(root, "a/not/../../a/x/../y")).toMatchObject({ path: "a", missing: ["y"] });
  });

  test("includes names that objects of the language have by nature", () => {
    for (const name of ["constructor", "__proto__", "toString"])
      expect(follow(directory(), name)).toMatchObject({ kind: "missing", missing: [name] });
  });
});

const component = fc.constantFrom("a", "b", "c", "..", ".", "");
const anyPath = fc
  .tuple(fc.constantFrom("", "/"), fc.array(component, { maxLength: 8 }))
  .map(([start, components]) => start + components.join("/"));

const anyTree = fc.letrec<{ node: RootfsNode; directory: DirectoryNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: "tree" },
    fc.constant<RootfsNode>(file),
    anyPath.filter((target) => target !== "").map((target): RootfsNode => link(target)),
    tie("directory"),
  ),
  directory: fc
    .dictionary(fc.constantFrom("a", "b", "c"), tie("node"), { maxKeys: 3, depthIdentifier: "tree" })
    .map((entries) => directory(entries)),
})).directory;

property.prop([anyTree, anyPath, fc.boolean()])(
  "whatever a path says, the answer lies in the tree, at the plain path that it gives",
  (root, path, followLast) => {
    let answer: PathResolution;
    try {
      answer = resolvePath(root, byteString(path), { followLast });
    } catch (error) {
      expect(error).toBeInstanceOf(RootfsTreeError);
      return;
    }
    let node: RootfsNode = root;
    for (const name of splitPath(answer.path)) {
      expect(name).not.toBe("..");
      const next: RootfsNode | undefined = node.kind === "directory" ? node.entries.get(name) : undefined;
      expect(next).toBeDefined();
      node = next ?? root;
    }
    if (answer.kind !== "missing") expect(answer.node).toBe(node);
    else {
      expect(answer.parent).toBe(node);
      expect(answer.missing).not.toContain("..");
      expect(answer.parent.entries.has(answer.missing[0] ?? byteString(""))).toBe(false);
    }
    if (answer.kind === "not-a-directory") expect(answer.node.kind).not.toBe("directory");
    if (answer.kind === "found" && followLast) expect(answer.node.kind).not.toBe("symlink");
  },
);
