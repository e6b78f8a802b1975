import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { walkTree, type RootfsNode } from "@bootlayer/rootfs-tree";
import {
  compareTrees,
  explainUmociDifference,
  image,
  layerBlob,
  listTree,
  randomLayers,
  requireJudge,
  tarArchive,
  umociUnpack,
  writeLayout,
  type RandomLayers,
  type TreeEntry,
  type TreeListing,
} from "@bootlayer/test-fixtures";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { fileBytes, flatten, type FlattenResult } from "./flatten-fixture.ts";

// Random stacks of layers, flattened by us and unpacked by umoci, which shares no code with us.

const judge = requireJudge("root", "umoci", "python3");

describe.skipIf(judge.skip)(`umoci${judge.reason}`, () => {
  property.prop([randomLayers, fc.constantFrom(0, 2)], { numRuns: 25 })(
    "unpacks random layers to the same tree",
    async (layers, readAheadThreads) => {
      const expected = await unpackWithUmoci(layers);
      // Umoci refuses some layers that are sound: nothing to compare then.
      if (expected === undefined) return;
      const result = await flatten(
        layers.map((entries) => layerBlob(tarArchive(entries))),
        { readAheadThreads },
      );
      const differences = compareTrees(expected.tree, listingOf(result));
      expect(
        differences.filter(
          (difference) => explainUmociDifference(difference, expected.started) === undefined,
        ),
      ).toEqual([]);
    },
    120_000,
  );
});

async function unpackWithUmoci(
  layers: RandomLayers,
): Promise<{ readonly tree: TreeListing; readonly started: bigint } | undefined> {
  const directory = await mkdtemp(join(tmpdir(), "layer-flattener-"));
  try {
    const layout = join(directory, "layout");
    await writeLayout(layout, {
      random: image(layers.map((entries) => layerBlob(tarArchive(entries), "gzip"))),
    });
    const started = BigInt(Date.now()) * 1_000_000n;
    const rootfs = await umociUnpack(layout, "random", join(directory, "bundle")).catch(() => undefined);
    return rootfs === undefined ? undefined : { tree: await listTree(rootfs), started };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function listingOf({ root, contents }: FlattenResult): TreeListing {
  const entries = [...walkTree(root)].map(({ path, node }) => ({ path: `/${path}`, node }));
  const names = Map.groupBy(entries, ({ node }) => node);
  return new Map(
    entries.map(({ path, node }) => {
      const { mtime, xattrs, ...attributes } = node.attributes;
      const links = (names.get(node) ?? []).map((entry) => entry.path).toSorted();
      const entry: TreeEntry = {
        ...attributes,
        type: node.kind,
        mtime: BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds),
        xattrs: new Map([...xattrs].map(([name, value]) => [name, Buffer.from(value).toString("hex")])),
        ...(node.kind === "directory" ? {} : { linkGroup: links[0] ?? "", links: links.length }),
        ...ownFields(node, contents),
      };
      return [path, entry];
    }),
  );
}

function ownFields(node: RootfsNode, contents: FlattenResult["contents"]): Partial<TreeEntry> {
  switch (node.kind) {
    case "file":
      return {
        size: node.size,
        sha256: createHash("sha256").update(fileBytes(node, contents)).digest("hex"),
      };
    case "symlink":
      return { size: node.target.length, linkTarget: node.target };
    case "character-device":
    case "block-device":
      return { device: node.device };
    default:
      return {};
  }
}
