import {
  byteString,
  displayText,
  type ByteString,
  type ListedFile,
  type RootfsNode,
} from "@bootlayer/image-builder";

/** A name in an image, as clients see it. */
export interface TreeEntry {
  /** UTF-8; what is none, and control characters, as `\xNN`. */
  readonly name: string;
  readonly type: RootfsNode["kind"];
  /** Bytes of a file; of a directory, of all files below it, at each of their names. */
  readonly size?: number | undefined;
  /** Octal, with setuid, setgid and sticky. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  /** Of a symlink, as written. */
  readonly target?: string | undefined;
  /** Of a directory: how many names it holds. */
  readonly entries?: number | undefined;
}

/** The names of an image, without its contents, in a form that is small enough to be kept. */
export interface ImageTree {
  readonly entries: number;
  /** Undefined where the image has no such path. A file is the one entry of its level. */
  level(path: string): readonly TreeEntry[] | undefined;
}

interface Directory {
  readonly names: ReadonlyMap<ByteString, Directory | TreeEntry>;
  readonly self: TreeEntry;
}

/** `files` is the root's listing; directories hold all that is below them. */
export function imageTree(files: readonly ListedFile[]): ImageTree {
  let entries = 0;
  const compact = (listed: Iterable<readonly [ByteString, RootfsNode]>): Directory["names"] => {
    const names = new Map<ByteString, Directory | TreeEntry>();
    for (const [name, node] of [...listed].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      entries += 1;
      if (node.kind !== "directory") {
        names.set(name, entryOf(name, node));
        continue;
      }
      const below = compact(node.entries);
      const size = [...below.values()].reduce((sum, child) => sum + (selfOf(child).size ?? 0), 0);
      names.set(name, { names: below, self: { ...entryOf(name, node), size, entries: below.size } });
    }
    return names;
  };
  const root = compact(files.map(({ name, node }) => [name, node] as const));
  return {
    entries,
    level(path) {
      let names: Directory["names"] = root;
      let entry: TreeEntry | undefined;
      for (const part of byteString(path).split("/")) {
        if (part === "" || part === ".") continue;
        // A file has nothing below it.
        const found = entry ? undefined : names.get(part as ByteString);
        if (found === undefined) return undefined;
        if ("names" in found) names = found.names;
        else entry = found;
      }
      return entry ? [entry] : [...names.values()].map(selfOf);
    },
  };
}

function selfOf(entry: Directory | TreeEntry): TreeEntry {
  return "names" in entry ? entry.self : entry;
}

function entryOf(name: ByteString, node: RootfsNode): TreeEntry {
  const { mode, uid, gid, mtime } = node.attributes;
  return {
    name: displayText(name),
    type: node.kind,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    mtime: mtime.seconds,
    ...(node.kind === "file" && { size: node.size }),
    ...(node.kind === "symlink" && { target: displayText(node.target) }),
  };
}
