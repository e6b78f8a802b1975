import { createCipheriv } from "node:crypto";
import * as fc from "fast-check";
import {
  byteStringOf,
  type Attributes,
  type ByteString,
  type DeviceNumber,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import type { TreeMaker } from "./tree-maker.ts";

const name = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((bytes) => byteStringOf(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x5f : byte))))
  // The last one is ext4's own.
  .filter((text) => text !== "." && text !== ".." && text !== "lost+found");

const xattrs = fc
  .array(fc.tuple(fc.stringMatching(/^[a-z]{1,40}$/), fc.uint8Array({ maxLength: 300 })), { maxLength: 3 })
  .map((list) => new Map(list.map(([text, value]) => [`trusted.${text}` as ByteString, value])));

/** Where formats differ. */
export interface RandomTreeOptions {
  /** Seconds of times that the format holds. */
  readonly seconds: { readonly min: number; readonly max: number };
  /** Bytes of symlinks' targets. */
  readonly targets: fc.Arbitrary<number>;
}

/** Sizes and bytes are drawn from few, so that files and their ends are often the same, and often whole blocks. */
const content = fc.record({
  kind: fc.constant("file" as const),
  size: fc.oneof(fc.nat(300), fc.nat(70_000), fc.constantFrom(4096, 8192, 65_536, 65_537, 131_072, 300_000)),
  bytes: fc.constantFrom("text" as const, "noise" as const, "zeros" as const),
});

const sparse = fc.record({
  kind: fc.constant("sparse" as const),
  gaps: fc.array(fc.tuple(fc.oneof(fc.nat(9000), fc.nat(200_000)), fc.integer({ min: 1, max: 9000 })), {
    maxLength: 12,
  }),
  end: fc.nat(200_000),
});

const device = fc.record({
  kind: fc.constantFrom("character-device" as const, "block-device" as const),
  device: fc.record({ major: fc.nat(4095), minor: fc.nat(1_048_575) }),
});

interface Step {
  /** Chooses the directory, and what a hard link names. */
  readonly place: number;
  readonly name: ByteString;
  readonly attributes: Attributes;
  readonly kind: StepKind;
}

type StepKind = Readonly<
  | { kind: "file"; size: number; bytes: Filling }
  | { kind: "sparse"; gaps: (readonly [gap: number, length: number])[]; end: number }
  | { kind: "crowd"; count: number }
  | { kind: "symlink"; length: number }
  | { kind: "character-device" | "block-device"; device: DeviceNumber }
  | { kind: "directory" | "link" | "dropped" | "fifo" | "socket" }
>;

type Filling = "text" | "noise" | "zeros";

/** Trees as lists of what to put under one name of some directory that is there by then. */
export function randomTree({ seconds, targets }: RandomTreeOptions): fc.Arbitrary<readonly Step[]> {
  const attributes: fc.Arbitrary<Attributes> = fc.record({
    mode: fc.nat(0o7777),
    uid: fc.nat(2 ** 32 - 2),
    gid: fc.nat(2 ** 32 - 2),
    mtime: fc.record({ seconds: fc.integer(seconds), nanoseconds: fc.nat(999_999_999) }),
    xattrs,
  });
  const kind: fc.Arbitrary<StepKind> = fc.oneof(
    { weight: 5, arbitrary: content },
    { weight: 2, arbitrary: sparse },
    { weight: 3, arbitrary: fc.constant({ kind: "directory" as const }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("crowd" as const), count: fc.nat(700) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("symlink" as const), length: targets }) },
    { weight: 2, arbitrary: fc.constant({ kind: "link" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "dropped" as const }) },
    { weight: 1, arbitrary: device },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("fifo" as const, "socket" as const) }) },
  );
  return fc.array(fc.record({ place: fc.nat(), name, attributes, kind }), { maxLength: 60 });
}

/** Puts what `randomTree` made into a tree. */
export async function fillRandomly(tree: TreeMaker, steps: readonly Step[]): Promise<void> {
  const directories = [tree.root];
  const files: RootfsNode[] = [];
  for (const { place, name, attributes, kind: what } of steps) {
    const directory = directories[place % directories.length] ?? tree.root;
    if (directory.entries.has(name)) continue;
    const node = await makeNode(tree, what, attributes, files[place % Math.max(files.length, 1)]);
    if (!node) continue;
    directory.entries.set(name, node);
    if (node.kind === "directory") directories.push(node);
    else files.push(node);
  }
}

async function makeNode(
  tree: TreeMaker,
  what: StepKind,
  attributes: Attributes,
  linked: RootfsNode | undefined,
): Promise<RootfsNode | undefined> {
  switch (what.kind) {
    case "file":
      return moved(tree, await tree.file("new", bytesOf(what.bytes, what.size), attributes));
    case "sparse": {
      let end = 0;
      const dataRegions = what.gaps.map(([gap, length]) => {
        const offset = end + gap;
        end = offset + length;
        return { offset, length };
      });
      const length = what.gaps.reduce((sum, [, length]) => sum + length, 0);
      const shape = { size: end + what.end + 1, dataRegions };
      return moved(tree, await tree.sparseFile("new", shape, bytesOf("text", length)));
    }
    case "dropped":
      moved(tree, await tree.file("new", bytesOf("noise", 5000)));
      return undefined;
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

/** Files are made at the top, where their content is noted, and then moved to their place. */
function moved<Node extends RootfsNode>(tree: TreeMaker, node: Node): Node {
  tree.root.entries.delete("new" as ByteString);
  return node;
}

/** The same for the same arguments. */
function bytesOf(kind: Filling, length: number): Buffer {
  if (kind === "zeros") return Buffer.alloc(length);
  if (kind === "text") return Buffer.alloc(length, "content; ");
  return createCipheriv("aes-256-ctr", Buffer.alloc(32), Buffer.alloc(16)).update(Buffer.alloc(length));
}
