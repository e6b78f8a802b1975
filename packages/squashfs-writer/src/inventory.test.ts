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

const twice = directory();
test.each([
  ["a directory with two names", directory({ a: twice, b: twice })],
  ["a name with a slash", directory({ "a/b": fifo() })],
  ["a name of one dot", directory({ ".": fifo() })],
  ["an empty name", directory({ "": fifo() })],
  ["a name of 256 bytes", directory({ ["n".repeat(256)]: fifo() })],
  ["an empty target", directory({ a: { kind: "symlink", attributes, target: byteString("") } })],
  [
    "a target of 4,096 bytes",
    directory({ a: { kind: "symlink", attributes, target: byteString("t".repeat(4096)) } }),
  ],
  ["a mode with a type", directory({ a: { kind: "fifo", attributes: { ...attributes, mode: 0o10644 } } })],
  ["an owner of 33 bits", directory({ a: { kind: "fifo", attributes: { ...attributes, uid: 2 ** 32 } } })],
  ["a group below 0", directory({ a: { kind: "fifo", attributes: { ...attributes, gid: -1 } } })],
  [
    "a time that is no number",
    directory({
      a: { kind: "fifo", attributes: { ...attributes, mtime: { seconds: NaN, nanoseconds: 0 } } },
    }),
  ],
  [
    "a major of 13 bits",
    directory({ a: { kind: "block-device", attributes, device: { major: 4096, minor: 0 } } }),
  ],
  ["bytes without content", directory({ a: { kind: "file", attributes, size: 1, content: undefined } })],
  ["a size below 0", directory({ a: { kind: "file", attributes, size: -1, content: undefined } })],
])("%s is refused", async (_, root) => {
  await expect(take(root)).rejects.toMatchObject({ code: "SQUASHFS_TREE_INVALID" });
});
