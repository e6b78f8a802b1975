import { byteString } from "@bootlayer/rootfs-tree";
import type { TarEntry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { flatten } from "../integration/flatten-fixture.ts";

// image-spec layer.md, "Applying Changesets" and "Whiteouts", and where it is silent, what container engines do.

const directory = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: "directory",
  ...more,
});
const file = (name: string, content: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  content,
  ...more,
});
const whiteout = (name: string): TarEntry => ({ name });
const symlink = (name: string, linkTarget: string): TarEntry => ({ name, type: "symlink", linkTarget });
const hardlink = (name: string, linkTarget: string): TarEntry => ({ name, type: "hardlink", linkTarget });

const base = [directory("d"), file("d/a", "a"), file("d/b", "b"), file("f", "f")];

describe("whiteouts", () => {
  test("a whiteout hides the name in lower layers and is not emitted itself", async () => {
    const { tree } = await flatten([base, [whiteout("d/.wh.a")]]);
    expect(tree).toEqual({ d: "/", "d/b": '"b"', f: '"f"' });
  });

  test("a whiteout of a directory hides all below it", async () => {
    const { tree } = await flatten([base, [whiteout(".wh.d")]]);
    expect(tree).toEqual({ f: '"f"' });
  });

  test.each([
    ["before", [whiteout(".wh.f"), file("f", "new")]],
    ["after", [file("f", "new"), whiteout(".wh.f")]],
  ])("a whiteout %s a file of its own layer leaves that file", async (_, layer) => {
    const { tree } = await flatten([base, layer]);
    expect(tree["f"]).toBe('"new"');
  });

  test.each([
    ["before", [whiteout("d/.wh..wh..opq"), file("d/new", "n")]],
    ["after", [file("d/new", "n"), whiteout("d/.wh..wh..opq")]],
  ])("an opaque marker %s entries of its own layer hides lower ones only", async (_, layer) => {
    const { tree } = await flatten([base, layer]);
    expect(tree).toEqual({ d: "/", "d/new": '"n"', f: '"f"' });
  });

  test("an opaque marker keeps the directory's own attributes", async () => {
    const { node } = await flatten([[directory("d", { mode: 0o700, uid: 7 })], [whiteout("d/.wh..wh..opq")]]);
    expect(node("d").attributes).toMatchObject({ mode: 0o700, uid: 7 });
  });

  test("an opaque marker of the root hides all lower layers", async () => {
    const { tree } = await flatten([base, [file("new", "n"), whiteout(".wh..wh..opq")]]);
    expect(tree).toEqual({ new: '"n"' });
  });

  test("an opaque marker reaches into directories that its own layer also writes to", async () => {
    const lower = [directory("d"), directory("d/s", { mode: 0o700 }), file("d/s/old", "o")];
    const { tree, node } = await flatten([lower, [file("d/s/new", "n"), whiteout("d/.wh..wh..opq")]]);
    expect(tree).toEqual({ d: "/", "d/s": "/", "d/s/new": '"n"' });
    expect(node("d/s").attributes.mode).toBe(0o755);
  });

  test.each([
    ["before", [whiteout(".wh.d"), file("d/new", "n")]],
    ["after", [file("d/new", "n"), whiteout(".wh.d")]],
  ])(".wh.d %s d/new in one layer keeps d/new and drops what lower layers had in d", async (_, layer) => {
    const { tree, node } = await flatten([[directory("d", { mode: 0o700 }), file("d/old", "o")], layer]);
    expect(tree).toEqual({ d: "/", "d/new": '"n"' });
    expect(node("d").attributes.mode).toBe(0o755);
  });

  test(".wh.d beside an entry for d itself keeps that entry's attributes", async () => {
    const layer = [directory("d", { mode: 0o711 }), file("d/new", "n"), whiteout(".wh.d")];
    const { tree, node } = await flatten([base, layer]);
    expect(tree).toEqual({ d: "/", "d/new": '"n"', f: '"f"' });
    expect(node("d").attributes.mode).toBe(0o711);
  });

  test("of repeated opaque markers each hides all below its own layer", async () => {
    const { tree } = await flatten([
      base,
      [whiteout("d/.wh..wh..opq"), file("d/middle", "m")],
      [file("d/upper", "u")],
      [whiteout("d/.wh..wh..opq"), file("d/top", "t")],
    ]);
    expect(tree).toEqual({ d: "/", "d/top": '"t"', f: '"f"' });
  });

  test("what a layer above a whiteout puts back is there", async () => {
    const { tree } = await flatten([base, [whiteout(".wh.d")], [file("d/a", "again")]]);
    expect(tree).toEqual({ d: "/", "d/a": '"again"', f: '"f"' });
  });

  test.each([".wh.", "d/.wh.", ".wh..", ".wh..."])(
    "a whiteout of no name, . or .. (%s) is an error",
    async (name) => {
      await expect(flatten([base, [whiteout(name)]])).rejects.toMatchObject({
        code: "LAYER_WHITEOUT",
        message: expect.stringMatching(/sha256:[0-9a-f]{64}.*\.wh\./),
      });
    },
  );

  test("a path through a whiteout's name is an error", async () => {
    await expect(flatten([base, [file(".wh.d/x", "x")]])).rejects.toMatchObject({ code: "LAYER_WHITEOUT" });
  });

  test("the files of aufs are skipped, but its pseudo-links are targets of hard links", async () => {
    const { tree } = await flatten([
      base,
      [
        directory(".wh..wh.plnk"),
        file(".wh..wh.plnk/12.34", "linked"),
        file(".wh..wh.aufs", "x"),
        directory(".wh..wh.orph"),
        hardlink("one", ".wh..wh.plnk/12.34"),
        hardlink("two", ".wh..wh.plnk/12.34"),
      ],
    ]);
    expect(tree).toEqual({
      d: "/",
      "d/a": '"a"',
      "d/b": '"b"',
      f: '"f"',
      one: '"linked" #1',
      two: '"linked" #1',
    });
  });

  test("a whiteout of a missing name, or in a missing directory, is ignored and makes nothing", async () => {
    const { tree } = await flatten([
      base,
      [whiteout(".wh.gone"), whiteout("no/.wh.x"), whiteout("no/.wh..wh..opq")],
    ]);
    expect(Object.keys(tree)).toEqual(["d", "d/a", "d/b", "f"]);
  });

  test("a whiteout below a file is ignored", async () => {
    const { tree } = await flatten([base, [whiteout("f/.wh.x"), whiteout("f/.wh..wh..opq")]]);
    expect(tree["f"]).toBe('"f"');
  });

  test("an entry of any type with a whiteout's name is a whiteout", async () => {
    const { tree } = await flatten([base, [directory(".wh.d"), hardlink(".wh.f", "f")]]);
    expect(tree).toEqual({});
  });

  test("a whiteout of a symlink hides the symlink and not what it leads to", async () => {
    const { tree } = await flatten([[...base, symlink("s", "d")], [whiteout(".wh.s")]]);
    expect(Object.keys(tree)).toEqual(["d", "d/a", "d/b", "f"]);
  });

  test("a character device 0:0 is a device and hides nothing", async () => {
    const device: TarEntry = { name: "d/null", type: "character-device", device: { major: 0, minor: 0 } };
    const { tree } = await flatten([base, [device]]);
    expect(tree).toMatchObject({ "d/a": '"a"', "d/null": "character-device 0:0" });
  });
});

describe("parents that are symlinks", () => {
  const lower = [directory("real"), file("real/old", "o"), symlink("s", "real"), directory("deep/er")];

  test("a file below one lands where it leads", async () => {
    const { tree } = await flatten([lower, [file("s/new", "n")]]);
    expect(tree).toMatchObject({ s: "-> real", "real/new": '"n"', "real/old": '"o"' });
  });

  test("a whiteout below one hides the name where it leads", async () => {
    const { tree } = await flatten([lower, [whiteout("s/.wh.old")]]);
    expect(tree).not.toHaveProperty(["real/old"]);
    expect(tree).toHaveProperty("s", "-> real");
  });

  test("an opaque marker below one hides the content of where it leads", async () => {
    const { tree } = await flatten([lower, [file("real/new", "n"), whiteout("s/.wh..wh..opq")]]);
    expect(Object.keys(tree)).toEqual(["deep", "deep/er", "real", "real/new", "s"]);
  });

  test("an absolute one starts at the image's root, and excess .. stays there", async () => {
    const links = [
      symlink("abs", "/real"),
      symlink("deep/up", "../../../../real"),
      symlink("deep/root", "/.."),
    ];
    const upper = [file("abs/1", "1"), file("deep/up/2", "2"), file("deep/root/3", "3")];
    const { tree } = await flatten([[...lower, ...links], upper]);
    expect(tree).toMatchObject({ "real/1": '"1"', "real/2": '"2"', "3": '"3"' });
  });

  test("one that dangles has its target made", async () => {
    const { tree, node } = await flatten([[symlink("s", "a/b/../c")], [file("s/new", "n")]]);
    expect(tree).toEqual({ a: "/", "a/c": "/", "a/c/new": '"n"', s: "-> a/b/../c" });
    expect(node("a/c").attributes).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
  });

  test("the target is resolved by what lower layers left, not by names as written", async () => {
    const { tree } = await flatten([
      [directory("one"), directory("two"), symlink("s", "one")],
      [symlink("s", "two")],
      [file("s/x", "x")],
    ]);
    expect(tree).toEqual({ one: "/", two: "/", "two/x": '"x"', s: "-> two" });
  });

  test("a loop is an error that names layer and entry", async () => {
    await expect(flatten([[symlink("a", "b"), symlink("b", "a")], [file("a/x", "x")]])).rejects.toMatchObject(
      {
        code: "LAYER_PATH_LOOP",
        message: expect.stringMatching(/layer sha256:.*a\/x/),
      },
    );
  });
});

describe("what is there already", () => {
  test("a directory over a symlink to a directory replaces it, if the layer names the directory itself", async () => {
    const { tree } = await flatten([
      [...base, symlink("s", "d")],
      [directory("s"), file("s/x", "x")],
    ]);
    expect(tree).toMatchObject({ s: "/", "s/x": '"x"', "d/a": '"a"' });
    expect(tree).not.toHaveProperty(["d/x"]);
  });

  test("an implied parent follows the symlink", async () => {
    const { tree } = await flatten([[...base, symlink("s", "d")], [file("s/x", "x")]]);
    expect(tree).toMatchObject({ s: "-> d", "d/x": '"x"' });
  });

  test("an implied parent over a file replaces it by a directory", async () => {
    const { tree } = await flatten([base, [file("f/x", "x")]]);
    expect(tree).toMatchObject({ f: "/", "f/x": '"x"' });
  });

  test("a directory over a directory replaces the attributes, xattrs too, and keeps the children", async () => {
    const before = directory("d", { mode: 0o700, uid: 1, pax: { "SCHILY.xattr.user.a": "1" } });
    const after = directory("d", { mode: 0o1755, gid: 2, mtime: 5, pax: { "SCHILY.xattr.user.b": "2" } });
    const { tree, node } = await flatten([[before, file("d/a", "a")], [after]]);
    expect(tree).toEqual({ d: "/", "d/a": '"a"' });
    expect(node("d").attributes).toEqual({
      mode: 0o1755,
      uid: 0,
      gid: 2,
      mtime: { seconds: 5, nanoseconds: 0 },
      xattrs: new Map([[byteString("user.b"), Uint8Array.of(0x32)]]),
    });
  });

  test("any other change of type removes the old node and all below it", async () => {
    const { tree } = await flatten([base, [file("d", "now a file"), directory("f")]]);
    expect(tree).toEqual({ d: '"now a file"', f: "/" });
  });

  test("a directory that was a file in between has none of the older children", async () => {
    const { tree } = await flatten([base, [file("d", "x")], [directory("d"), file("d/c", "c")]]);
    expect(tree).toEqual({ d: "/", "d/c": '"c"', f: '"f"' });
  });

  test("of the same name twice in a layer the last one wins", async () => {
    const { tree } = await flatten([
      [file("f", "1"), symlink("f", "2"), file("f", "3"), file("x", "4"), directory("x")],
    ]);
    expect(tree).toEqual({ f: '"3"', x: "/" });
  });
});

describe("hard links", () => {
  test("one to a lower layer's file is the same inode", async () => {
    const { tree } = await flatten([base, [hardlink("g", "d/a")]]);
    expect(tree).toMatchObject({ "d/a": '"a" #1', g: '"a" #1' });
  });

  test("one to a symlink is to the symlink itself", async () => {
    const { tree } = await flatten([[...base, symlink("s", "f")], [hardlink("t", "s")]]);
    expect(tree).toMatchObject({ s: "-> f #1", t: "-> f #1", f: '"f"' });
  });

  test("one whose target's parent is a symlink resolves it", async () => {
    const { tree } = await flatten([[...base, symlink("s", "/d")], [hardlink("g", "./s/a")]]);
    expect(tree).toMatchObject({ "d/a": '"a" #1', g: '"a" #1' });
  });

  test.each([
    ["replaced in a higher layer", [[hardlink("g", "f")], [file("f", "new")]], '"new"'],
    ["replaced later in the layer", [[hardlink("g", "f"), file("f", "new")]], '"new"'],
    ["removed in a higher layer", [[hardlink("g", "f")], [whiteout(".wh.f")]], undefined],
    [
      "hidden by an opaque root of its own layer",
      [[hardlink("g", "f"), whiteout(".wh..wh..opq")]],
      undefined,
    ],
  ])("one whose target is %s keeps the old content", async (_, layers, f) => {
    const { tree } = await flatten([base, ...layers]);
    expect(tree["g"]).toBe('"f"');
    expect(tree["f"]).toBe(f);
  });

  test("one to a file of its own layer that a higher layer replaces keeps that file's content", async () => {
    const { tree } = await flatten([[file("f", "old"), hardlink("g", "f")], [file("f", "new")]]);
    expect(tree).toEqual({ f: '"new"', g: '"old"' });
  });

  test("a chain of them through layers leads to the bytes", async () => {
    const { tree } = await flatten([
      [file("a", "bytes")],
      [hardlink("b", "a"), whiteout(".wh.a")],
      [hardlink("c", "b"), whiteout(".wh.b")],
      [hardlink("d", "c"), whiteout(".wh.c")],
    ]);
    expect(tree).toEqual({ d: '"bytes"' });
  });

  test("one to a name that comes later in the layer is accepted", async () => {
    const { tree } = await flatten([[hardlink("g", "late"), file("late", "l")]]);
    expect(tree).toEqual({ g: '"l" #1', late: '"l" #1' });
  });

  test("one that waits for its target gives way to a later entry of its own name", async () => {
    const { tree } = await flatten([[hardlink("g", "late"), file("g", "own"), file("late", "l")]]);
    expect(tree).toEqual({ g: '"own"', late: '"l"' });
  });

  test.each([
    ["a missing name", hardlink("g", "gone")],
    ["itself", hardlink("g", "./g")],
    ["itself by another path", hardlink("s/g", "d/g")],
    ["a directory", hardlink("g", "d")],
    ["the root", hardlink("g", "./")],
    ["a name below a file", hardlink("g", "f/x")],
  ])("one to %s is an error that names both", async (_, link) => {
    await expect(flatten([[...base, symlink("s", "d")], [link]])).rejects.toMatchObject({
      code: "LAYER_LINK_TARGET",
      message: expect.stringMatching(/layer sha256:.*hard link .*g to /),
    });
  });

  test("one to a file above it, over an existing file, replaces that file", async () => {
    const { tree } = await flatten([base, [hardlink("d/a", "f")]]);
    expect(tree).toMatchObject({ "d/a": '"f" #1', f: '"f" #1' });
  });

  test("the link's own attributes change nothing", async () => {
    const { node } = await flatten([
      [file("f", "f", { mode: 0o600 })],
      [{ ...hardlink("g", "f"), mode: 0o777 }],
    ]);
    expect(node("g").attributes.mode).toBe(0o600);
  });
});

describe("names", () => {
  test.each(["./d/a", "/d/a", "d//a", "d/./a", "d/x/../a", "///./d///a"])("%s is d/a", async (name) => {
    const { tree } = await flatten([base, [file(name, "new")]]);
    expect(tree).toEqual({ d: "/", "d/a": '"new"', "d/b": '"b"', f: '"f"' });
  });

  test("a slash at the end is not part of a directory's name", async () => {
    const { tree } = await flatten([[directory("d///")]]);
    expect(tree).toEqual({ d: "/" });
  });

  test.each(["../x", "d/../../x", "/../x", ".."])("%s leaves the root: an error", async (name) => {
    await expect(flatten([[file(name, "x")]])).rejects.toMatchObject({
      code: "LAYER_PATH_ESCAPES",
      message: expect.stringContaining(name),
    });
  });

  test("a hard link's target that leaves the root is an error", async () => {
    await expect(flatten([[hardlink("g", "../etc/passwd")]])).rejects.toMatchObject({
      code: "LAYER_PATH_ESCAPES",
    });
  });

  test("bytes that are no UTF-8 survive, a newline and a backslash too", async () => {
    const { tree } = await flatten([[{ name: Uint8Array.of(0xff, 0x0a, 0x5c, 0xfe), content: "x" }]]);
    expect(tree).toEqual({ "\\xff\\x0a\\x5c\\xfe": '"x"' });
  });
});

describe("the root and implied parents", () => {
  test("the root entry's mode, owner, time and xattrs apply", async () => {
    const root = directory("./", {
      mode: 0o1777,
      uid: 3,
      gid: 4,
      mtime: 9,
      pax: { "SCHILY.xattr.user.r": "v" },
    });
    const { node } = await flatten([[root], [file("f", "f")]]);
    expect(node("").attributes).toMatchObject({ mode: 0o1777, uid: 3, gid: 4, mtime: { seconds: 9 } });
    expect(node("").attributes.xattrs.size).toBe(1);
  });

  test.each(["file", "symlink", "fifo", "hardlink"])("a root that is a %s is an error", async (type) => {
    const layer = [{ name: "./", type, linkTarget: type === "file" ? "" : "x" }];
    await expect(flatten([layer])).rejects.toMatchObject({ code: "LAYER_ROOT" });
  });

  test("parents that no layer describes are 0755 0:0 with the time 1970, as is the root", async () => {
    const { node } = await flatten([[file("a/b/c", "c")]]);
    const implied = { mode: 0o755, uid: 0, gid: 0, mtime: { seconds: 0, nanoseconds: 0 }, xattrs: new Map() };
    expect(node("a").attributes).toEqual(implied);
    expect(node("a/b").attributes).toEqual(implied);
    expect(node("").attributes).toEqual(implied);
  });

  test("a later entry describes an implied parent", async () => {
    const { node } = await flatten([[file("a/b", "b"), directory("a", { mode: 0o700 })]]);
    expect(node("a").attributes.mode).toBe(0o700);
  });

  test("an image without layers is an empty root", async () => {
    expect((await flatten([])).tree).toEqual({});
  });
});

describe("attributes", () => {
  test("mode 0000, setuid, setgid, sticky and a directory 0555 are kept and hinder nothing", async () => {
    const { node } = await flatten([
      [
        directory("ro", { mode: 0o555 }),
        file("ro/zero", "z", { mode: 0 }),
        file("suid", "s", { mode: 0o6755 }),
        directory("tmp", { mode: 0o1777 }),
      ],
    ]);
    expect(["ro", "ro/zero", "suid", "tmp"].map((path) => node(path).attributes.mode)).toEqual([
      0o555, 0, 0o6755, 0o1777,
    ]);
  });

  test("a symlink's mode is 0777, as Linux shows it", async () => {
    const { node } = await flatten([[{ ...symlink("s", "x"), mode: 0o644 }]]);
    expect(node("s").attributes.mode).toBe(0o777);
  });

  test("devices, fifos and symlinks keep what they are", async () => {
    const { tree } = await flatten([
      [
        { name: "c", type: "character-device", device: { major: 4095, minor: 1048575 } },
        { name: "b", type: "block-device", device: { major: 8, minor: 1 } },
        { name: "p", type: "fifo" },
        symlink("s", "/any where/../x"),
      ],
    ]);
    expect(tree).toEqual({
      b: "block-device 8:1",
      c: "character-device 4095:1048575",
      p: "fifo",
      s: "-> /any where/../x",
    });
  });

  test("xattrs that are not to be kept are left out", async () => {
    const pax = { "SCHILY.xattr.security.selinux": "label\0", "SCHILY.xattr.user.a": "1" };
    const kept = await flatten([[file("f", "f", { pax })]]);
    const dropped = await flatten([[file("f", "f", { pax })]], {
      keepXattr: (name) => name !== "security.selinux",
    });
    expect([...kept.node("f").attributes.xattrs.keys()]).toEqual(["security.selinux", "user.a"]);
    expect([...dropped.node("f").attributes.xattrs.keys()]).toEqual(["user.a"]);
  });

  test.each(["hardlink", "symlink", "directory", "fifo", "character-device", "block-device"])(
    "a %s that claims a size has no body",
    async (type) => {
      const claims = { name: "x", type, size: 512, linkTarget: "f" };
      const { tree } = await flatten([[...base, claims, file("after", "read on")]]);
      expect(tree["after"]).toBe('"read on"');
    },
  );
});
