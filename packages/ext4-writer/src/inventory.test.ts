import type { ByteString, DirectoryNode, RootfsNode } from "@bootlayer/rootfs-tree";
import { expect, test } from "vitest";
import { takeInventory, type Inventory } from "./inventory.ts";

const attributes = {
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};
const fifo = (): RootfsNode => ({ kind: "fifo", attributes });

function directory(entries: Readonly<Record<string, RootfsNode>> = {}): DirectoryNode {
  return {
    kind: "directory",
    attributes,
    entries: new Map(Object.entries(entries).map(([name, node]) => [name as ByteString, node])),
  };
}

async function inventoryOf(root: DirectoryNode, blockSize: 1024 | 4096 = 4096): Promise<Inventory> {
  return await takeInventory(root, {
    blockSize,
    time: attributes.mtime,
    onFile: () => {},
    pause: () => undefined,
  });
}

test("the root is inode 2, lost+found 11, and others follow in byte order, parents first", async () => {
  const [a, b, c] = [fifo(), fifo(), fifo()];
  const inner = directory({ b });
  const root = directory({ z: c, inner, "a-first": a });
  const inventory = await inventoryOf(root);
  expect([root, a, inner, b, c].map((node) => inventory.numberOf(node))).toEqual([2, 12, 13, 14, 15]);
  expect(inventory.lastInode).toBe(15);
  expect(inventory.entriesOf(root).map(([name]) => name)).toEqual(["a-first", "inner", "lost+found", "z"]);
});

test("links are counted: names of a file, subdirectories and two for a directory", async () => {
  const file = fifo();
  const root = directory({ a: file, b: directory({ c: file }), d: directory() });
  const inventory = await inventoryOf(root);
  expect(inventory.linksOf(file)).toBe(2);
  expect(inventory.linksOf(root)).toBe(2 + 3);
});

test("a tree's own lost+found gets inode 11, and none is made", async () => {
  const own = directory();
  const root = directory({ "lost+found": own });
  const inventory = await inventoryOf(root);
  expect(inventory.numberOf(own)).toBe(11);
  expect(inventory.entriesOf(root)).toHaveLength(1);
});

test("a symlink's target and a NUL must fit one block", async () => {
  const root = directory({ link: { kind: "symlink", attributes, target: "t".repeat(1024) as ByteString } });
  await expect(inventoryOf(root)).resolves.toMatchObject({ lastInode: 12 });
  await expect(inventoryOf(root, 1024)).rejects.toMatchObject({
    code: "EXT4_SYMLINK_TOO_LONG",
    message: expect.stringContaining("/link"),
  });
});

test("one file has at most 65,000 names", async () => {
  const file = fifo();
  const root = directory(
    Object.fromEntries(Array.from({ length: 65_001 }, (_, index) => [`${index}`, file])),
  );
  await expect(inventoryOf(root)).rejects.toMatchObject({ code: "EXT4_TOO_MANY_LINKS" });
});
