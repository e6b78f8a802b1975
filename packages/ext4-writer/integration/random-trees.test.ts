import { join } from "node:path";
import { fc, test } from "@fast-check/vitest";
import { byteStringOf, type Attributes, type ByteString, type RootfsNode } from "@bootlayer/rootfs-tree";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe } from "vitest";
import type { CreateExt4ImageOptions } from "../src/index.ts";
import { expectSound, makeImage, withDirectory } from "./judging.ts";
import type { TreeMaker } from "./tree-maker.ts";

const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => byteStringOf(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
  .filter((text) => text !== "." && text !== ".." && text !== "lost+found");

const userXattrs = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z]{1,40}$/), fc.uint8Array({ maxLength: 300 })), { maxLength: 3 })
  .map((list) => new Map(list.map(([text, value]) => [`trusted.${text}` as ByteString, value])));

const attributes: fc.Arbitrary<Attributes> = fc.record({
  mode: fc.nat(0o7777),
  uid: fc.nat(2 ** 32 - 2),
  gid: fc.nat(2 ** 32 - 2),
  mtime: fc.record({
    seconds: fc.integer({ min: -(2 ** 31) + 1, max: 15_032_385_534 }),
    nanoseconds: fc.nat(999_999_999),
  }),
  xattrs: userXattrs,
});

/** What is put under one name of some directory that is there by then. */
const step = fc.record({
  /** Chooses the directory, and what a hard link names. */
  place: fc.nat(),
  name,
  attributes,
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("file" as const), size: fc.nat(70_000) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("sparse" as const),
        gaps: fc.array(fc.tuple(fc.nat(9000), fc.integer({ min: 1, max: 9000 })), { maxLength: 12 }),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ kind: "directory" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("crowd" as const), count: fc.nat(700) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("symlink" as const),
        length: fc.integer({ min: 1, max: 1023 }),
      }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: "link" as const }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("character-device" as const, "block-device" as const),
        device: fc.record({ major: fc.nat(4095), minor: fc.nat(1_048_575) }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("fifo" as const, "socket" as const) }) },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const options: fc.Arbitrary<CreateExt4ImageOptions> = fc.record({
  blockSize: fc.constantFrom(1024 as const, 2048 as const, 4096 as const),
  journal: fc.boolean(),
  size: fc.oneof(
    fc.constant({ kind: "auto" as const }),
    fc.record({ kind: fc.constant("free" as const), bytes: fc.nat(50_000_000) }),
    fc.record({
      kind: fc.constant("bytes" as const),
      bytes: fc.integer({ min: 60_000_000, max: 3_000_000_000 }),
    }),
  ),
  hashSeed: fc.stringMatching(/^[0-9a-f]{32}$/),
});

function fill(tree: TreeMaker, steps: readonly Step[]): void {
  const directories = [tree.root];
  const files: RootfsNode[] = [];
  for (const { place, name, attributes, kind: what } of steps) {
    const directory = directories[place % directories.length] ?? tree.root;
    if (directory.entries.has(name)) continue;
    // Made at the top, where its content is noted, and then moved to its place.
    const node = makeNode(tree, what, attributes, files[place % Math.max(files.length, 1)]);
    if (!node) continue;
    directory.entries.set(name, node);
    if (node.kind === "directory") directories.push(node);
    else files.push(node);
  }
  tree.root.attributes = { ...tree.root.attributes, mode: 0o755 };
}

function makeNode(
  tree: TreeMaker,
  what: Step["kind"],
  attributes: Attributes,
  linked: RootfsNode | undefined,
): RootfsNode | undefined {
  switch (what.kind) {
    case "file":
      return moved(tree, tree.file("new", Buffer.alloc(what.size, "content; "), attributes));
    case "sparse": {
      let end = 0;
      const dataRegions = what.gaps.map(([gap, length]) => {
        const offset = end + gap;
        end = offset + length;
        return { offset, length };
      });
      const data = Buffer.alloc(
        what.gaps.reduce((sum, [, length]) => sum + length, 0),
        "data",
      );
      return moved(tree, tree.sparseFile("new", { size: end + 1, dataRegions }, data));
    }
    case "directory":
      return { kind: "directory", attributes, entries: new Map() };
    case "crowd": {
      const entries = new Map<ByteString, RootfsNode>();
      for (let index = 0; index < what.count; index++)
        entries.set(`${"n".repeat(index % 200)}${index}` as ByteString, { kind: "fifo", attributes });
      return { kind: "directory", attributes, entries };
    }
    case "symlink":
      return {
        kind: "symlink",
        attributes: { ...attributes, mode: 0o777 },
        target: "t".repeat(what.length) as ByteString,
      };
    case "link":
      return linked;
    case "character-device":
    case "block-device":
      return { kind: what.kind, attributes, device: what.device };
    case "fifo":
    case "socket":
      return { kind: what.kind, attributes };
    default:
      return what satisfies never;
  }
}

function moved<Node extends RootfsNode>(tree: TreeMaker, node: Node): Node {
  tree.root.entries.delete("new" as ByteString);
  return node;
}

const judge = requireJudge("root", "e2fsck", "mount", "python3");
describe.skipIf(judge.skip)(`under the kernel${judge.reason}`, () => {
  test.prop([options, fc.array(step, { maxLength: 60 })], { numRuns: 30 })(
    "any tree is clean, and what the kernel shows of it is what was written",
    async (options, steps) => {
      await withDirectory(async (directory) => {
        await expectSound(await makeImage(join(directory, "disk"), options, (tree) => fill(tree, steps)));
      });
    },
    300_000,
  );
});
