import { layerBlob, tarArchive } from "@bootlayer/test-fixtures";
import { describe, expect, test } from "vitest";
import { flatten } from "../integration/flatten-fixture.ts";

describe("limits", () => {
  const files = Array.from({ length: 20 }, (_, index) => ({ name: `${index}`, content: "x" }));

  test("entries count over all layers together", async () => {
    await expect(flatten([files, files], { limits: { entries: 39 } })).rejects.toMatchObject({
      code: "LAYER_LIMIT",
      message: expect.stringContaining("39 entries"),
    });
    await expect(flatten([files, files], { limits: { entries: 40 } })).resolves.toBeDefined();
  });

  test("unpacked bytes count over all layers together", async () => {
    const bytes = tarArchive(files).length;
    await expect(flatten([files, files], { limits: { unpackedBytes: 2 * bytes - 1 } })).rejects.toMatchObject(
      {
        code: "LAYER_LIMIT",
      },
    );
    await expect(flatten([files, files], { limits: { unpackedBytes: 2 * bytes } })).resolves.toBeDefined();
  });

  test("a bomb is LAYER_LIMIT: over its ratio and over the floor", async () => {
    const bomb = layerBlob(tarArchive([{ name: "zeros", content: Buffer.alloc(3_000_000) }]));
    await expect(
      flatten([bomb], { limits: { ratio: 100, ratioFloorBytes: 2_000_000 } }),
    ).rejects.toMatchObject({
      code: "LAYER_LIMIT",
      message: expect.stringContaining(bomb.descriptor.digest),
    });
    await expect(flatten([bomb], { limits: { ratio: 100 } })).resolves.toBeDefined();
    await expect(flatten([bomb], { limits: { ratio: 1100, ratioFloorBytes: 1 } })).resolves.toBeDefined();
  });

  const deep = "d/".repeat(30);
  test.each([
    ["pathBytes", 59, "TAR_LIMIT", [{ name: `${deep}f`, content: "" }]],
    ["nameBytes", 10, "TAR_LIMIT", [{ name: "d/elevenbytes" }]],
    ["linkTargetBytes", 5, "TAR_LIMIT", [{ name: "s", type: "symlink", linkTarget: "sixsix" }]],
    ["depth", 29, "LAYER_LIMIT", [{ name: `${deep}f` }]],
    [
      "xattrs",
      1,
      "TAR_LIMIT",
      [{ name: "f", pax: { "SCHILY.xattr.user.a": "", "SCHILY.xattr.user.b": "" } }],
    ],
    ["xattrNameBytes", 5, "TAR_LIMIT", [{ name: "f", pax: { "SCHILY.xattr.user.a": "" } }]],
    ["xattrValueBytes", 3, "TAR_LIMIT", [{ name: "f", pax: { "SCHILY.xattr.user.a": "four" } }]],
    ["paxBytes", 20, "TAR_LIMIT", [{ name: "f", pax: { comment: "over twenty bytes long" } }]],
    ["metadataBytes", 100, "LAYER_LIMIT", [{ name: deep }, { name: `${deep}f` }]],
  ] as const)("%s over %i is %s, naming layer and entry", async (limit, value, code, entries) => {
    await expect(flatten([entries], { limits: { [limit]: value } })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/layer sha256:[0-9a-f]{64}/),
    });
    await expect(flatten([entries])).resolves.toBeDefined();
  });

  test("a path deeper than the limit by way of a symlink is LAYER_LIMIT", async () => {
    const layers = [
      [{ name: "s", type: "symlink", linkTarget: "a/b/c/d" }],
      [{ name: "s/e/f", content: "f" }],
    ];
    await expect(flatten(layers, { limits: { depth: 4 } })).rejects.toMatchObject({ code: "LAYER_LIMIT" });
  });

  test.each([
    { limits: { entries: 0 } },
    { limits: { nameBytes: 256 } },
    { limits: { unknown: 1 } as object },
    { readAheadThreads: -1 },
    { readAheadThreads: 1.5 },
  ])("%j is FLATTEN_OPTIONS", async (options) => {
    await expect(flatten([], options)).rejects.toMatchObject({ code: "FLATTEN_OPTIONS" });
  });
});
