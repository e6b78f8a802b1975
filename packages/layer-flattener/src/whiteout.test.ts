import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { pathMeaning } from "./whiteout.ts";

const meaning = (path: string) => pathMeaning(byteString(path), "layer");

test.each([
  ["d/.wh.x", { kind: "whiteout", path: "d/x" }],
  [".wh.x", { kind: "whiteout", path: "x" }],
  [".wh..hidden", { kind: "whiteout", path: ".hidden" }],
  [".wh.....", { kind: "whiteout", path: "...." }],
  ["d/.wh..wh..opq", { kind: "opaque", path: "d" }],
  [".wh..wh..opq", { kind: "opaque", path: "" }],
  [".wh..wh.plnk", { kind: "aufs" }],
  [".wh..wh.plnk/1.2", { kind: "aufs-pseudo-link" }],
  [".wh..wh.aufs", { kind: "aufs" }],
  [".wh..wh.orph/x", { kind: "aufs" }],
  ["x.wh.y", { kind: "entry" }],
  ["d/a.wh.", { kind: "entry" }],
  [".whx", { kind: "entry" }],
  ["", { kind: "entry" }],
])("%j", (path, expected) => {
  expect(meaning(path)).toEqual(expected);
});
