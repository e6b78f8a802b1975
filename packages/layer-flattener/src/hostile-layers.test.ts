import { BootlayerError } from "@bootlayer/errors";
import { walkTree, type DirectoryNode } from "@bootlayer/rootfs-tree";
import { layerBlob, tarArchive, withChecksum, type TarEntry } from "@bootlayer/test-fixtures";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { flatten, type FlattenResult } from "../integration/flatten-fixture.ts";

const component = fc.constantFrom(
  "a",
  "b",
  "c",
  "..",
  ".",
  "",
  ".wh.a",
  ".wh.b",
  ".wh..wh..opq",
  ".wh.",
  ".wh..wh.plnk",
  "\u00ff",
);
const path = fc.array(component, { maxLength: 4 }).map((names) => names.join("/"));
const kind = fc.constantFrom("file", "directory", "symlink", "hardlink", "fifo", "character-device");

const entry: fc.Arbitrary<TarEntry> = fc
  .record(
    {
      name: path,
      type: kind,
      linkTarget: fc.oneof(
        path,
        path.map((target) => `/${target}`),
      ),
      content: fc.constantFrom("", "x", "content"),
      mode: fc.nat(0o7777),
    },
    { requiredKeys: ["name", "type", "linkTarget"] },
  )
  .map((entry) => (entry.type === "file" ? entry : { ...entry, content: "" }));

/** What every tree must keep to, whatever the layers were. */
function expectSound({ root, contents }: FlattenResult): void {
  const directories = new Set<DirectoryNode>();
  for (const { name, path, node } of walkTree(root)) {
    if (path !== "") expect(name).toMatch(/^(?!\.{1,2}$)(?!\.wh\.)[^/\0]{1,255}$/s);
    if (node.kind === "directory") {
      expect(directories.has(node)).toBe(false);
      directories.add(node);
    }
    if (node.kind !== "file") continue;
    expect(node.content === undefined).toBe(node.size === 0);
    if (node.content !== undefined) expect(contents.given[node.content]?.shape.size).toBe(node.size);
  }
}

async function expectTreeOrTypedError(flattening: Promise<FlattenResult>): Promise<void> {
  const result = await flattening.catch((error: unknown) => error);
  if (result instanceof Error) {
    expect(result).toBeInstanceOf(BootlayerError);
    expect(result.message).toMatch(/layer sha256:[0-9a-f]{64}/);
  } else expectSound(result as FlattenResult);
}

property.prop([fc.array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 4 })], {
  numRuns: 1000,
})("layers of hostile names give a sound tree or a typed error", async (layers) => {
  await expectTreeOrTypedError(flatten(layers));
});

const base: readonly TarEntry[] = [
  { name: "d/", type: "directory" },
  { name: "d/f", content: "f".repeat(700) },
  { name: "s", type: "symlink", linkTarget: "d" },
  { name: "n".repeat(150), content: "long", format: "gnu" },
];
const upper = tarArchive([
  { name: "s/g", content: "g", pax: { mtime: "1.5", "SCHILY.xattr.user.a": "value" } },
  { name: "d/.wh.f" },
  { name: "h", type: "hardlink", linkTarget: "d/f" },
]);

property.prop(
  [
    fc.array(fc.tuple(fc.nat(upper.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.constantFrom("none", "gzip", "zstd" as const),
  ],
  { numRuns: 500 },
)(
  "archives with bytes changed at random give a sound tree or a typed error",
  async (changes, repair, wrapping) => {
    const mutated = Buffer.from(upper);
    for (const [at, byte] of changes) mutated[at] = byte;
    if (repair)
      for (let at = 0; at < mutated.length; at += 512)
        if (mutated.toString("latin1", at + 257, at + 262) === "ustar")
          withChecksum(mutated.subarray(at, at + 512));
    await expectTreeOrTypedError(flatten([base, layerBlob(mutated, wrapping)]));
  },
);

property.prop(
  [
    fc.constantFrom("gzip", "zstd" as const),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    fc.nat(),
  ],
  { numRuns: 300 },
)(
  "compressed bytes changed or cut at random give a typed error, or the archive",
  async (wrapping, changes, cut) => {
    const good = layerBlob(upper, wrapping);
    const bytes = Buffer.from(good.bytes);
    for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
    const blob = layerBlob(
      bytes.subarray(0, cut % 2 === 0 ? bytes.length : 1 + (cut % bytes.length)),
      "none",
    );
    await expectTreeOrTypedError(flatten([base, { ...blob, diffId: good.diffId }]));
  },
);

test("20,000 names of a layer under as many opaque markers all stay", async () => {
  const names = Array.from({ length: 20_000 }, (_, index) => ({ name: `d/${index}` }));
  const markers = Array.from({ length: 20_000 }, () => ({ name: "d/.wh..wh..opq" }));
  const { root } = await flatten([names, [...names, ...markers]]);
  expect([...walkTree(root)]).toHaveLength(20_002);
});
