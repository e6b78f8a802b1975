import { describe, expect, test } from "vitest";
import { base, file, hardlink, symlink, whiteout } from "../integration/entries.ts";
import { flatten } from "../integration/flatten-fixture.ts";

// image-spec layer.md, "Applying Changesets" and "Whiteouts", and where it is silent, what container engines do.

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
