import { displayText, type ByteString } from "./byte-string.ts";
import { RootfsTreeError } from "./errors.ts";
import { isDirectory, type DirectoryNode, type RootfsNode } from "./node.ts";

/** As many as Linux follows in one path (path_resolution(7)). */
const maxSymlinks = 40;

export interface ResolvePathOptions {
  /** Whether a symlink in the last place is followed, as stat(2) does, or returned, as lstat(2) does. */
  readonly followLast: boolean;
}

/** Where a path leads, inside the root whatever it says. */
export type PathResolution = Readonly<
  | { kind: "found"; node: RootfsNode; path: ByteString; parent: DirectoryNode }
  /** All but the last `missing` components exist; `parent` is the last directory that does. */
  | { kind: "missing"; parent: DirectoryNode; path: ByteString; missing: readonly ByteString[] }
  /** A component that is not the last one is no directory. */
  | { kind: "not-a-directory"; node: RootfsNode; path: ByteString }
>;

/**
 * Follows `path` from the root, component by component, as a process chrooted into the tree would: absolute symlink
 * targets start at the root again and `..` at the root stays there, so nothing outside can be named. `path` in each
 * answer is free of symlinks, `.` and `..`.
 *
 * @throws {RootfsTreeError} PATH_SYMLINK_LOOP after 40 symlinks.
 */
export function resolvePath(
  root: DirectoryNode,
  path: ByteString,
  { followLast }: ResolvePathOptions,
): PathResolution {
  const pending = splitPath(path).toReversed();
  const directories: DirectoryNode[] = [root];
  const names: ByteString[] = [];
  let symlinks = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const parent = directories.at(-1) ?? root;
    if (name === "..") {
      if (directories.length > 1) directories.pop();
      names.pop();
      continue;
    }
    const node = parent.entries.get(name);
    if (!node)
      return {
        kind: "missing",
        parent,
        path: joinPath([...names]),
        missing: [name, ...pending.toReversed()],
      };
    if (node.kind === "symlink" && (pending.length > 0 || followLast)) {
      if (++symlinks > maxSymlinks)
        throw new RootfsTreeError(
          "PATH_SYMLINK_LOOP",
          `path ${displayText(path)} passes more than ${maxSymlinks} symlinks`,
          "the image has symlinks that point at each other",
        );
      if (node.target.startsWith("/")) {
        directories.length = 1;
        names.length = 0;
      }
      pending.push(...splitPath(node.target).toReversed());
      continue;
    }
    names.push(name);
    if (isDirectory(node)) directories.push(node);
    else if (pending.length > 0) return { kind: "not-a-directory", node, path: joinPath(names) };
    else return { kind: "found", node, path: joinPath(names), parent };
  }
  const node = directories.at(-1) ?? root;
  return { kind: "found", node, path: joinPath(names), parent: directories.at(-2) ?? root };
}

/** The components of a path without empty ones and `.`; `..` stays, since only the tree can say where it leads. */
export function splitPath(path: ByteString): ByteString[] {
  return path.split("/").filter((name) => name !== "" && name !== ".") as ByteString[];
}

function joinPath(names: readonly ByteString[]): ByteString {
  return names.join("/") as ByteString;
}
