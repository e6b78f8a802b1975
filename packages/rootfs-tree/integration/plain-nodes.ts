import { byteString, epoch, type Attributes, type DirectoryNode, type RootfsNode } from "../src/index.ts";

/** Of a node whose attributes a test does not care for. */
export const attributes: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: epoch, xattrs: new Map() };

export function directory(entries: Readonly<Record<string, RootfsNode>> = {}): DirectoryNode {
  const named = Object.entries(entries).map(([name, node]) => [byteString(name), node] as const);
  return { kind: "directory", attributes, entries: new Map(named) };
}
