import { byteString } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import type { LayerEntry } from "./layer-entry.ts";
import { createWalkClaims } from "./walk-claims.ts";

const path = byteString("a/b");
const whiteout: LayerEntry = { kind: "whiteout", path };

test("a layer's entries hide lower layers at once, and never its own or upper ones", () => {
  const claims = createWalkClaims(3);
  claims.addEntry(1, whiteout);
  expect([2, 1, 0].map((layer) => claims.wants(layer, path))).toEqual([true, true, false]);
});

test("a layer that ends before one above it counts on, and once for all when that one ends", () => {
  const claims = createWalkClaims(3);
  claims.addEntry(1, whiteout);
  claims.endLayer(1, [whiteout]);
  expect(claims.wants(2, path)).toBe(true);
  expect(claims.wants(0, path)).toBe(false);
  claims.endLayer(2, []);
  expect(claims.wants(0, path)).toBe(false);
  expect(claims.wants(0, byteString("a/c"))).toBe(true);
});

test("what an opaque directory hides is known when its layer has ended", () => {
  const claims = createWalkClaims(2);
  const opaque: LayerEntry = { kind: "opaque", path: byteString("a") };
  claims.addEntry(1, opaque);
  expect(claims.wants(0, path)).toBe(true);
  claims.endLayer(1, [opaque]);
  expect(claims.wants(0, path)).toBe(false);
});
