import { byteString, type Attributes, type DirectoryNode, type RootfsNode } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { takeInventory, type Inventory } from "./inventory.ts";

const attributes: Attributes = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

function directory(entries: Readonly<Record<string, RootfsNode>> = {}): DirectoryNode {
  return {
    kind: "directory",
    attributes,
    entries: new Map(Object.entries(entries).map(([name, node]) => [byteString(name), node])),
  };
}

const fifo = (): RootfsNode => ({ kind: "fifo", attributes });

async function take(root: DirectoryNode): Promise<Inventory> {
  return await takeInventory(root, { onNode: () => {}, pause: () => undefined });
}

test("nodes of one directory have numbers in a row, after all below them; the root has the last", async () => {
  const [inner, one, two, deep] = [fifo(), fifo(), fifo(), fifo()];
  const sub = directory({ deep });
  const other = directory({ inner });
  const root = directory({ one, sub, two, other });
  const inventory = await take(root);
  const numbers = (...nodes: readonly RootfsNode[]) => nodes.map((node) => inventory.numberOf(node));
  expect(numbers(one, other, sub, two)).toEqual([3, 4, 5, 6]);
  expect(new Set(numbers(inner, deep))).toEqual(new Set([1, 2]));
  expect(numbers(root)).toEqual([inventory.inodes]);
  expect(inventory.directories.at(-1)).toBe(root);
  expect(inventory.parentNumberOf(sub)).toBe(7);
  expect(inventory.parentNumberOf(root)).toBe(8);
});

test("a node with several names has one number, and is counted once for each name", async () => {
  const linked = fifo();
  const root = directory({ a: linked, b: directory({ c: linked }) });
  const inventory = await take(root);
  expect(inventory.linksOf(linked)).toBe(2);
  expect(inventory.numberOf(linked)).toBe(1);
  expect(inventory.inodes).toBe(3);
});

test("a directory has two links, and one for each directory in it", async () => {
  const root = directory({ a: directory({ f: fifo() }), b: directory({ c: directory() }) });
  expect((await take(root)).linksOf(root)).toBe(4);
});

test("a target of 4,096 bytes is refused", async () => {
  const root = directory({ a: { kind: "symlink", attributes, target: byteString("t".repeat(4096)) } });
  await expect(take(root)).rejects.toMatchObject({ code: "SQUASHFS_TREE_INVALID" });
});
