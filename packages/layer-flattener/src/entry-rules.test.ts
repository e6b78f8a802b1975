import { describe, expect, test } from "vitest";
import { base, directory, file, hardlink, symlink } from "../integration/entries.ts";
import { flatten } from "../integration/flatten-fixture.ts";

// image-spec layer.md, "Applying Changesets" and "Whiteouts", and where it is silent, what container engines do.

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
