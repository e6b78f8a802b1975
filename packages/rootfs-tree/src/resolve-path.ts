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
  /**
   * The directory `parent`, at `path`, exists and has no entry `missing[0]`; the others would come below it. None is
   * `..`.
   */
  | { kind: "missing"; parent: DirectoryNode; path: ByteString; missing: readonly ByteString[] }
  /** A component that is not the last one is no directory. */
  | { kind: "not-a-directory"; node: RootfsNode; path: ByteString }
>;

/**
 * Follows `path` from the root, component by component, as a process chrooted into the tree would: absolute symlink
 * targets start at the root again and `..` at the root stays there, so nothing outside can be named. `path` in each
 * answer is free of symlinks, `.` and `..`. In one thing it does as container runtimes do and not as Linux, which stops
 * at the first missing name: a `..` behind it takes it back.
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
  const missing: ByteString[] = [];
  let symlinks = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === "..") {
      if (missing.pop() !== undefined) continue;
      if (directories.length > 1) directories.pop();
      names.pop();
      continue;
    }
    const parent = directories.at(-1) ?? root;
    const node = missing.length > 0 ? undefined : parent.entries.get(name);
    if (!node) {
      missing.push(name);
      continue;
    }
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
  if (missing.length > 0) return { kind: "missing", parent: node, path: joinPath(names), missing };
  return { kind: "found", node, path: joinPath(names), parent: directories.at(-2) ?? root };
}

/** The components of a path without empty ones and `.`; `..` stays, since only the tree can say where it leads. */
export function splitPath(path: ByteString): ByteString[] {
  return path.split("/").filter((name) => name !== "" && name !== ".") as ByteString[];
}

function joinPath(names: readonly ByteString[]): ByteString {
  return names.join("/") as ByteString;
}
