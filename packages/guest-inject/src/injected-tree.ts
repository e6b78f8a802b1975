import {
  displayText,
  epoch,
  resolvePath,
  splitPath,
  type ByteString,
  type DirectoryNode,
  type FileNode,
  type PathResolution,
  type RootfsNode,
} from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";
import type { EntryContent, InjectedAttributes, InjectedEntry } from "./guest-plan.ts";

export type EntryOwner = Omit<InjectedAttributes, "path">;

/** What a directory gets that nobody describes. */
const parentOwner: EntryOwner = { mode: 0o755, uid: 0, gid: 0 };

/** An image's tree as it becomes while things are put in, and the list of what was. The image's own nodes stay as they are. */
export interface InjectedTree {
  readonly root: DirectoryNode;
  /** Parents first, each path once. */
  entries(): readonly InjectedEntry[];
  /** What was put in as this node. */
  contentOf(node: FileNode): EntryContent | undefined;
  /** Where a path leads now, symlinks followed, inside the root. */
  follow(path: ByteString): PathResolution;
  /** Makes a directory, or does nothing where there is one or a symlink to one. */
  putDirectory(path: ByteString, owner: EntryOwner): void;
  /** A symlink in the last place is replaced, and so is any file. */
  putFile(path: ByteString, owner: EntryOwner, content: EntryContent): void;
  putSymlink(path: ByteString, target: ByteString): void;
}

/**
 * Opens a tree for injection. Parents that are symlinks are followed inside the root; missing parents become directories of
 * root's with mode 0755. The three `put` functions throw GUEST_IMAGE where the image has something in the way, GUEST_FILE where
 * something else that was put in is, or where no layer can have the name, and PATH_SYMLINK_LOOP.
 */
export function injectedTree(image: DirectoryNode): InjectedTree {
  const root: DirectoryNode = { ...image, entries: new Map(image.entries) };
  /** Directories that are ours to change: copies of the image's, and new ones. */
  const owned = new Set<DirectoryNode>([root]);
  const entries = new Map<ByteString, InjectedEntry>();
  const contents = new Map<FileNode, EntryContent>();

  function own(path: ByteString): DirectoryNode {
    let directory = root;
    for (const name of splitPath(path)) {
      let child = directory.entries.get(name);
      if (child?.kind !== "directory") throw new TypeError("own is called with a directory's resolved path");
      if (!owned.has(child)) {
        child = { ...child, entries: new Map(child.entries) };
        owned.add(child);
        directory.entries.set(name, child);
      }
      directory = child;
    }
    return directory;
  }

  /** Adds or replaces one name in a directory whose path is resolved. */
  function put(parent: ByteString, name: ByteString, node: RootfsNode, entry: InjectedEntry): void {
    own(parent).entries.set(name, node);
    if (node.kind === "directory") owned.add(node);
    entries.set(entry.path, entry);
  }

  function makeDirectories(at: ByteString, missing: readonly ByteString[], last: EntryOwner): ByteString {
    let path = at;
    for (const [index, name] of missing.entries()) {
      const owner = index === missing.length - 1 ? last : parentOwner;
      const below = join(path, checkName(name, path));
      put(path, name, directoryNode(owner), { kind: "directory", path: below, ...pick(owner) });
      path = below;
    }
    return path;
  }

  /** The resolved parent of a path, made if missing, and the path's last name. */
  function place(path: ByteString): { readonly parent: ByteString; readonly name: ByteString } {
    const names = splitPath(path);
    const name = names.pop();
    if (name === undefined) throw unfit(path, "is the root itself");
    checkName(name, path);
    const answer = resolvePath(root, names.join("/") as ByteString, { followLast: true });
    if (answer.kind === "missing")
      return { parent: makeDirectories(answer.path, answer.missing, parentOwner), name };
    if (answer.node.kind !== "directory")
      throw inTheWay(path, answer.path, `would lie in a ${answer.node.kind}`);
    return { parent: answer.path, name };
  }

  function inTheWay(path: ByteString, obstacle: ByteString, what: string): GuestError {
    return new GuestError(
      entries.has(obstacle) ? "GUEST_FILE" : "GUEST_IMAGE",
      `${absolute(path)} cannot be put in: it ${what} (${absolute(obstacle)})`,
      "give another path in the guest",
    );
  }

  function replace(path: ByteString, owner: EntryOwner, what: NewNode): void {
    const { parent, name } = place(path);
    const full = join(parent, name);
    const { attributes } = directoryNode(owner);
    if (own(parent).entries.get(name)?.kind === "directory")
      throw inTheWay(path, full, "is a directory already");
    if (what.kind === "symlink") {
      const node: RootfsNode = { kind: "symlink", attributes, target: what.target };
      put(parent, name, node, { ...what, path: full, ...pick(owner) });
      return;
    }
    const size = what.content.kind === "bytes" ? what.content.bytes.length : what.content.size;
    const node: FileNode = { kind: "file", attributes, size, content: undefined };
    contents.set(node, what.content);
    put(parent, name, node, { ...what, path: full, ...pick(owner) });
  }

  return {
    root,
    entries: () => [...entries.values()],
    contentOf: (node) => contents.get(node),
    follow: (path) => resolvePath(root, path, { followLast: true }),
    putDirectory(path, owner) {
      const answer = resolvePath(root, path, { followLast: true });
      if (answer.kind === "missing") makeDirectories(answer.path, answer.missing, owner);
      else if (answer.node.kind !== "directory")
        throw inTheWay(path, answer.path, `leads to a ${answer.node.kind}`);
    },
    putFile(path, owner, content) {
      replace(path, owner, { kind: "file", content });
    },
    putSymlink(path, target) {
      replace(path, { mode: 0o777, uid: 0, gid: 0 }, { kind: "symlink", target });
    },
  };
}

type NewNode = Readonly<{ kind: "file"; content: EntryContent } | { kind: "symlink"; target: ByteString }>;

function directoryNode({ mode, uid, gid }: EntryOwner): DirectoryNode {
  return {
    kind: "directory",
    attributes: { mode, uid, gid, mtime: epoch, xattrs: new Map() },
    entries: new Map(),
  };
}

function pick({ mode, uid, gid }: EntryOwner): EntryOwner {
  return { mode, uid, gid };
}

function join(parent: ByteString, name: ByteString): ByteString {
  return (parent === "" ? name : `${parent}/${name}`) as ByteString;
}

/** In a layer `.wh.` in front of a name takes it away instead (image-spec layer.md, "Whiteouts"). */
function checkName(name: ByteString, path: ByteString): ByteString {
  if (name.startsWith(".wh."))
    throw unfit(path, "has a name that begins with .wh., which removes in a layer");
  if (name.length > 255) throw unfit(path, "has a name of over 255 bytes");
  if (name === ".." || name.includes("\0")) throw unfit(path, "has a name that no file can have");
  return name;
}

function unfit(path: ByteString, what: string): GuestError {
  return new GuestError(
    "GUEST_FILE",
    `${absolute(path)} cannot be put in: it ${what}`,
    "give another path in the guest",
  );
}

/** For messages. */
function absolute(path: ByteString): string {
  return displayText(`/${splitPath(path).join("/")}` as ByteString);
}
