import { byteString } from "@bootlayer/rootfs-tree";
import type { TarEntry } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { base, directory, file, hardlink, symlink, whiteout } from "../integration/entries.ts";
import { flatten } from "../integration/flatten-fixture.ts";

// image-spec layer.md, "Applying Changesets" and "Whiteouts", and where it is silent, what container engines do.

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
