import { createHash } from "node:crypto";
import {
  byteString,
  dataLength,
  walkTree,
  type Attributes,
  type ByteString,
  type ContentHandle,
  type ContentShape,
  type DirectoryNode,
  type FileNode,
  type ImageWriter,
  type RootfsNode,
  type SymlinkNode,
} from "@bootlayer/rootfs-tree";
import type { TreeEntry, TreeListing } from "../judges/list-tree.ts";

/** Attributes that a test does not care about; all but the names given. */
export function attributes(given: Partial<Attributes> = {}): Attributes {
  return {
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1_000_000_000, nanoseconds: 123_456_789 },
    xattrs: new Map(),
    ...given,
  };
}

export function xattrs(values: Readonly<Record<string, string | Uint8Array>>): Attributes["xattrs"] {
  return new Map(Object.entries(values).map(([name, value]) => [byteString(name), Buffer.from(value)]));
}

/** Puts nodes into a tree by path and their contents into a writer, and keeps what a reader must find. */
export interface TreeMaker {
  readonly writer: ImageWriter;
  readonly root: DirectoryNode;
  add<Node extends RootfsNode>(path: string, node: Node): Node;
  directory(path: string, given?: Partial<Attributes>): DirectoryNode;
  file(path: string, content: string | Uint8Array, given?: Partial<Attributes>): Promise<FileNode>;
  /** A file with holes; `data` fills its regions in order. */
  sparseFile(path: string, shape: ContentShape, data: Uint8Array): Promise<FileNode>;
  symlink(path: string, target: string, given?: Partial<Attributes>): SymlinkNode;
  /** The whole tree as `listTree` lists it where a file system holds all that the nodes say. */
  expected(): TreeListing;
}

export function treeMaker(writer: ImageWriter, pieceBytes = 65_536): TreeMaker {
  const root: DirectoryNode = {
    kind: "directory",
    attributes: attributes({ mode: 0o755 }),
    entries: new Map(),
  };
  const hashes = new Map<FileNode, string>();

  function add<Node extends RootfsNode>(path: string, node: Node): Node {
    const names = path.split("/").map(byteString);
    const last = names.pop();
    let directory = root;
    for (const name of names) {
      const found = directory.entries.get(name);
      const next = found?.kind === "directory" ? found : emptyDirectory({});
      directory.entries.set(name, next);
      directory = next;
    }
    if (last !== undefined) directory.entries.set(last, node);
    return node;
  }

  async function put(shape: ContentShape, data: Uint8Array): Promise<ContentHandle> {
    const sink = writer.openContent(shape);
    for (let offset = 0; offset < data.length; offset += pieceBytes)
      await sink.write(data.subarray(offset, offset + pieceBytes));
    return sink.close();
  }

  async function file(
    path: string,
    content: string | Uint8Array,
    given: Partial<Attributes> = {},
  ): Promise<FileNode> {
    const data = Buffer.from(content);
    const handle = data.length > 0 ? await put({ size: data.length }, data) : undefined;
    const node: FileNode = {
      kind: "file",
      attributes: attributes(given),
      size: data.length,
      content: handle,
    };
    hashes.set(node, createHash("sha256").update(data).digest("hex"));
    return add(path, node);
  }

  async function sparseFile(path: string, shape: ContentShape, data: Uint8Array): Promise<FileNode> {
    const content = await put(shape, data);
    const node: FileNode = { kind: "file", attributes: attributes(), size: shape.size, content };
    hashes.set(node, hashOfSparse(shape, data));
    return add(path, node);
  }

  return {
    writer,
    root,
    add,
    file,
    sparseFile,
    directory: (path, given) => add(path, emptyDirectory(given ?? {})),
    symlink: (path, target, given) =>
      add(path, {
        kind: "symlink",
        attributes: attributes({ mode: 0o777, ...given }),
        target: byteString(target),
      }),
    expected: () => listing(root, hashes),
  };
}

function emptyDirectory(given: Partial<Attributes>): DirectoryNode {
  return { kind: "directory", attributes: attributes({ mode: 0o755, ...given }), entries: new Map() };
}

const zeros = Buffer.alloc(1 << 20);

function hashOfSparse(shape: ContentShape, data: Uint8Array): string {
  const hash = createHash("sha256");
  let position = 0;
  let used = 0;
  const fillTo = (end: number): void => {
    for (; position < end; position += Math.min(zeros.length, end - position))
      hash.update(zeros.subarray(0, Math.min(zeros.length, end - position)));
  };
  if (used + dataLength(shape) !== data.length) throw new Error("the test's data do not fill its shape");
  for (const { offset, length } of shape.dataRegions ?? []) {
    fillTo(offset);
    hash.update(data.subarray(used, (used += length)));
    position += length;
  }
  fillTo(shape.size);
  return hash.digest("hex");
}

/** The names of one inode. */
interface Names {
  /** In byte order. */
  first: ByteString;
  count: number;
}

/** What the kernel must show of a tree. */
function listing(root: DirectoryNode, hashes: ReadonlyMap<FileNode, string>): TreeListing {
  const names = new Map<RootfsNode, Names>();
  for (const { node, path } of walkTree(root)) {
    const known = names.get(node);
    const first = known && known.first < path ? known.first : path;
    names.set(node, { first, count: (known?.count ?? 0) + 1 });
  }
  const entries: TreeListing = new Map();
  for (const { node, path } of walkTree(root))
    entries.set(`/${path}`, entryOf(node, names.get(node) ?? { first: path, count: 1 }, hashes));
  return entries;
}

function entryOf(node: RootfsNode, names: Names, hashes: ReadonlyMap<FileNode, string>): TreeEntry {
  const { mode, uid, gid, mtime, xattrs } = node.attributes;
  const common = {
    type: node.kind,
    mode,
    uid,
    gid,
    mtime: BigInt(mtime.seconds) * 1_000_000_000n + BigInt(mtime.nanoseconds),
    xattrs: new Map([...xattrs].map(([name, value]) => [name, Buffer.from(value).toString("hex")])),
  };
  if (node.kind === "directory") return common;
  const linked = { ...common, linkGroup: `/${names.first}`, links: names.count };
  switch (node.kind) {
    case "file":
      return {
        ...linked,
        size: node.size,
        sha256: hashes.get(node) ?? "not made here",
      };
    case "symlink":
      return { ...linked, size: node.target.length, linkTarget: node.target };
    case "character-device":
    case "block-device":
      return { ...linked, device: node.device };
    case "fifo":
    case "socket":
      return linked;
    default:
      return node satisfies never;
  }
}
