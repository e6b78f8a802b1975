import {
  byteString,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import { attributes } from "./tree-maker.ts";

/** One for each way in which a tree can contradict what `node.ts` says of trees. */
export function invalidTrees(): [string, DirectoryNode][] {
  const twice = directory();
  const cyclic = directory();
  cyclic.entries.set(byteString("self"), cyclic);
  return [
    ["a directory with two names", directory({ a: twice, b: twice })],
    ["a directory in itself", directory({ cyclic })],
    ["an empty name", directory({ "": fifo() })],
    ["a name of 256 bytes", directory({ ["n".repeat(256)]: fifo() })],
    ["a name with a slash", directory({ "a/b": fifo() })],
    ["the name .", directory({ ".": fifo() })],
    ["the name ..", directory({ "..": fifo() })],
    ["a mode with a file type", directory({ a: fifo({ mode: 0o100_644 }) })],
    ["an owner of 33 bits", directory({ a: fifo({ uid: 2 ** 32 }) })],
    ["a group below 0", directory({ a: fifo({ gid: -1 }) })],
    ["a time that is no number", directory({ a: fifo({ mtime: { seconds: NaN, nanoseconds: 0 } }) })],
    ["a second of nanoseconds", directory({ a: fifo({ mtime: { seconds: 0, nanoseconds: 1e9 } }) })],
    ["a device number too large", directory({ a: device(4096, 0) })],
    ["a file with bytes but no content", directory({ a: fileWithoutContent(5) })],
    ["a size below 0", directory({ a: fileWithoutContent(-1) })],
    ["an empty target", directory({ a: symlink("") })],
    ["a target with a NUL", directory({ a: symlink("a\0b") })],
  ];
}

function directory(entries: Readonly<Record<string, RootfsNode>> = {}): DirectoryNode {
  const named = Object.entries(entries).map(([name, node]) => [byteString(name), node] as const);
  return { kind: "directory", attributes: attributes({ mode: 0o755 }), entries: new Map(named) };
}

function fifo(given: Partial<Attributes> = {}): RootfsNode {
  return { kind: "fifo", attributes: attributes(given) };
}

function device(major: number, minor: number): RootfsNode {
  return { kind: "block-device", attributes: attributes(), device: { major, minor } };
}

function fileWithoutContent(size: number): RootfsNode {
  return { kind: "file", attributes: attributes(), size, content: undefined };
}

function symlink(target: string): RootfsNode {
  return { kind: "symlink", attributes: attributes({ mode: 0o777 }), target: target as ByteString };
}
