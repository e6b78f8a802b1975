import { fc, test as property } from "@fast-check/vitest";
import {
  byteString,
  bytesOf,
  epoch,
  resolvePath,
  type ByteString,
  type DirectoryNode,
} from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { doctorImage, type FixtureEntry } from "../integration/doctor-fixtures.ts";
import { GuestError } from "./errors.ts";
import type { EntryContent } from "./guest-plan.ts";
import { injectedTree, type InjectedTree } from "./injected-tree.ts";

const owner = { mode: 0o640, uid: 1, gid: 2 };
const content: EntryContent = { kind: "bytes", bytes: Buffer.from("new") };

function open(files: Readonly<Record<string, FixtureEntry>>): InjectedTree {
  return injectedTree(doctorImage(files).root);
}

function putFile(tree: InjectedTree, path: string): void {
  tree.putFile(byteString(path), owner, content);
}

function paths(tree: InjectedTree): string[] {
  return tree.entries().map(({ path, kind }) => `${path} ${kind}`);
}

test("a file brings the parents that are missing, which are root's; those that are there are left", () => {
  const tree = open({ "/opt/have": "x" });
  putFile(tree, "/opt/a/b/c");
  expect(tree.entries()).toEqual([
    { kind: "directory", path: "opt/a", mode: 0o755, uid: 0, gid: 0 },
    { kind: "directory", path: "opt/a/b", mode: 0o755, uid: 0, gid: 0 },
    { kind: "file", path: "opt/a/b/c", content, ...owner },
  ]);
});

test.for<[string, Record<string, FixtureEntry>, string, string[]]>([
  [
    "a relative link",
    { "/sbin": { link: "usr/sbin" }, "/usr/sbin/x": "" },
    "/sbin/init",
    ["usr/sbin/init file"],
  ],
  [
    "an absolute link",
    { "/sbin": { link: "/usr/sbin" }, "/usr/sbin/x": "" },
    "/sbin/init",
    ["usr/sbin/init file"],
  ],
  ["a link that climbs", { "/a/l": { link: "../../../b" }, "/b/x": "" }, "/a/l/f", ["b/f file"]],
  [
    "a link to nothing",
    { "/sbin": { link: "usr/sbin" } },
    "/sbin/init",
    ["usr directory", "usr/sbin directory", "usr/sbin/init file"],
  ],
  ["links of links", { "/a": { link: "b" }, "/b": { link: "/c" }, "/c/x": "" }, "/a/f", ["c/f file"]],
  ["a path that climbs", { "/a/x": "" }, "/a/../../b/f", ["b directory", "b/f file"]],
])("%s among the parents is followed inside the root", ([, files, path, entries]) => {
  const tree = open(files);
  putFile(tree, path);
  expect(paths(tree)).toEqual(entries);
});

test("a symlink in the last place is replaced, not followed; so is a file", () => {
  const tree = open({ "/etc/resolv.conf": { link: "../run/stub" }, "/etc/hosts": "old" });
  putFile(tree, "/etc/resolv.conf");
  putFile(tree, "/etc/hosts");
  tree.putSymlink(byteString("/etc/hosts"), byteString("elsewhere"));
  expect(paths(tree)).toEqual(["etc/resolv.conf file", "etc/hosts symlink"]);
});

test("a directory is one already, or a link to one, and keeps what it has", () => {
  const tree = open({ "/srv/x": "", "/www": { link: "srv" }, "/gone": { link: "srv/new" } });
  for (const path of ["/srv", "/www", "/", "/gone"]) tree.putDirectory(byteString(path), owner);
  expect(paths(tree)).toEqual(["srv/new directory"]);
});

test.for<[string, string, (tree: InjectedTree) => void, string]>([
  ["below a file", "GUEST_IMAGE", (tree) => putFile(tree, "/file/a"), "/file"],
  ["far below a file", "GUEST_IMAGE", (tree) => putFile(tree, "/file/a/b"), "/file"],
  ["over a directory", "GUEST_IMAGE", (tree) => putFile(tree, "/dir"), "is a directory"],
  [
    "a directory over a file",
    "GUEST_IMAGE",
    (tree) => tree.putDirectory(byteString("/file"), owner),
    "leads to a file",
  ],
  ["over the root", "GUEST_FILE", (tree) => putFile(tree, "/"), "is the root"],
  ["over the root, spelled otherwise", "GUEST_FILE", (tree) => putFile(tree, "//./"), "is the root"],
  ["a name that ends in ..", "GUEST_FILE", (tree) => putFile(tree, "/dir/.."), "no file can have"],
  ["a name that removes", "GUEST_FILE", (tree) => putFile(tree, "/dir/.wh.x"), ".wh."],
  ["a parent that removes", "GUEST_FILE", (tree) => putFile(tree, "/dir/.wh..wh..opq/x"), ".wh."],
  ["a long name", "GUEST_FILE", (tree) => putFile(tree, `/dir/${"x".repeat(256)}`), "255"],
  ["a name with NUL", "GUEST_FILE", (tree) => putFile(tree, "/dir/a\0b"), "no file can have"],
])("%s is refused with %s", ([, code, put, reason]) => {
  const tree = open({ "/file": "x", "/dir/x": "" });
  expect(() => {
    put(tree);
  }).toThrow(expect.objectContaining({ code, message: expect.stringContaining(reason) as string }));
  expect(tree.entries()).toEqual([]);
});

test("what is in the way of something else that is put in is not the image's fault", () => {
  const tree = open({});
  putFile(tree, "/a");
  expect(() => {
    putFile(tree, "/a/b");
  }).toThrow(expect.objectContaining({ code: "GUEST_FILE" }));
});

test("symlinks that point at each other are refused, not followed forever", () => {
  const tree = open({ "/a": { link: "b" }, "/b": { link: "a" } });
  expect(() => {
    putFile(tree, "/a/f");
  }).toThrow(expect.objectContaining({ code: "PATH_SYMLINK_LOOP" }));
});

test("the image's own nodes stay as they are, and what was put in is found by path", () => {
  const { root } = doctorImage({ "/etc/a/file": "old" });
  const tree = injectedTree(root);
  putFile(tree, "/etc/a/file");
  const before = resolvePath(root, byteString("etc/a/file"), { followLast: true });
  const after = tree.follow(byteString("/etc/a/file"));
  expect(before).toMatchObject({ kind: "found", node: { attributes: { mode: 0o755 } } });
  if (after.kind !== "found" || after.node.kind !== "file") throw new Error("the file is not found");
  expect(after.node.attributes).toMatchObject(owner);
  expect(tree.contentOf(after.node)).toBe(content);
});

const part = fc.constantFrom("a", "b", "..", "l", ".", "");
const path = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
const link = fc.tuple(
  fc.boolean(),
  fc.array(fc.constantFrom("a", "b", "..", "l"), { minLength: 1, maxLength: 3 }),
);
const action = fc.tuple(fc.constantFrom("file", "directory", "symlink"), path);

property.prop([fc.array(link, { maxLength: 4 }), fc.array(action, { minLength: 1, maxLength: 8 })])(
  "entries in their order, laid over the image without following anything, give the tree that was planned",
  (links, actions) => {
    const places = ["/l", "/a/l", "/a/b/l", "/b/l"];
    const image = doctorImage({
      "/a/b/x": "",
      "/b/x": "",
      ...Object.fromEntries(
        links.map(([absolute, parts], index) => [
          places[index],
          { link: `${absolute ? "/" : ""}${parts.join("/")}` },
        ]),
      ),
    }).root;
    const tree = injectedTree(image);
    for (const [kind, where] of actions)
      try {
        if (kind === "file") putFile(tree, where);
        else if (kind === "directory") tree.putDirectory(byteString(where), owner);
        else tree.putSymlink(byteString(where), byteString("a/target"));
      } catch (error) {
        if (!(error instanceof GuestError) && (error as { code?: string }).code !== "PATH_SYMLINK_LOOP")
          throw error;
      }
    expect(describe(apply(image, tree))).toEqual(describe(tree.root));
  },
);

/** As `tar` without following: each entry replaces its name in a directory that must be there. */
function apply(image: DirectoryNode, tree: InjectedTree): DirectoryNode {
  const root = structuredClone(image);
  for (const entry of tree.entries()) {
    const names = entry.path.split("/") as ByteString[];
    const last = names.pop() ?? byteString("");
    let parent = root;
    for (const name of names) {
      const child = parent.entries.get(name);
      if (child?.kind !== "directory") throw new Error(`${entry.path} lies in no directory`);
      parent = child;
    }
    const { mode, uid, gid } = entry;
    const attributes = { mode, uid, gid, mtime: epoch, xattrs: new Map() };
    parent.entries.set(
      last,
      entry.kind === "directory"
        ? { kind: "directory", attributes, entries: new Map() }
        : entry.kind === "symlink"
          ? { kind: "symlink", attributes, target: entry.target }
          : { kind: "file", attributes, size: 3, content: undefined },
    );
  }
  return root;
}

function describe(node: DirectoryNode): unknown {
  return Object.fromEntries(
    [...node.entries]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => {
        const what =
          child.kind === "directory"
            ? describe(child)
            : child.kind === "symlink"
              ? Buffer.from(bytesOf(child.target)).toString()
              : child.kind;
        return [name, what, child.attributes.mode];
      })
      .map(([name, ...rest]) => [name, rest]),
  );
}
