import {
  byteString,
  resolvePath,
  RootfsTreeError,
  type Attributes,
  type ByteString,
  type DirectoryNode,
  type FileNode,
  type PathResolution,
} from "@bootlayer/rootfs-tree";

/** Who looks for the program, and from where. */
export interface ProgramContext {
  readonly root: DirectoryNode;
  /** Directories in the order of PATH. */
  readonly path: readonly ByteString[];
  readonly workingDirectory: ByteString;
  readonly uid: number;
  readonly gids: readonly number[];
}

export type ProgramSearch = Readonly<
  | { kind: "found"; node: FileNode; path: ByteString }
  /** Linux would find something there and refuse it. */
  | { kind: "not-a-file"; path: ByteString; what: string }
  | { kind: "not-executable"; path: ByteString; mode: number }
  | { kind: "loop"; path: ByteString }
  | { kind: "missing" }
>;

/** What container runtimes take where an image sets no PATH. */
export const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** PATH's directories: an empty one is the working directory. */
export function splitSearchPath(path: string): ByteString[] {
  return path.split(":").map((directory) => byteString(directory === "" ? "." : directory));
}

/**
 * Finds what `execvp(name)` would execute: a name with a slash as it is, others in PATH, where a file that cannot be executed
 * does not end the search. Symlinks never lead out of the root.
 */
export function findProgram(name: ByteString, context: ProgramContext): ProgramSearch {
  if (name === "") return { kind: "missing" };
  if (name.includes("/")) return lookAt(name, context);
  let refused: ProgramSearch | undefined;
  for (const directory of context.path) {
    const answer = lookAt(`${directory}/${name}` as ByteString, context);
    if (answer.kind === "found") return answer;
    if (answer.kind !== "missing") refused ??= answer;
  }
  return refused ?? { kind: "missing" };
}

/** Follows a path, from the working directory if it is relative; undefined for symlinks without end. */
export function follow(
  path: ByteString,
  { root, workingDirectory }: Pick<ProgramContext, "root" | "workingDirectory">,
): PathResolution | undefined {
  const absolute = path.startsWith("/") ? path : (`${workingDirectory}/${path}` as ByteString);
  try {
    return resolvePath(root, absolute, { followLast: true });
  } catch (error) {
    if (error instanceof RootfsTreeError) return undefined;
    throw error;
  }
}

function lookAt(path: ByteString, context: ProgramContext): ProgramSearch {
  const answer = follow(path, context);
  if (answer === undefined) return { kind: "loop", path };
  if (answer.kind !== "found") return { kind: "missing" };
  const { node } = answer;
  const found = `/${answer.path}` as ByteString;
  if (node.kind !== "file") return { kind: "not-a-file", path: found, what: node.kind };
  if (!mayExecute(node.attributes, context))
    return { kind: "not-executable", path: found, mode: node.attributes.mode };
  return { kind: "found", node, path: found };
}

/** As inode permissions are checked (path_resolution(7)); root needs any one execute bit. */
function mayExecute(attributes: Attributes, { uid, gids }: Pick<ProgramContext, "uid" | "gids">): boolean {
  if (uid === 0) return (attributes.mode & 0o111) !== 0;
  if (uid === attributes.uid) return (attributes.mode & 0o100) !== 0;
  if (gids.includes(attributes.gid)) return (attributes.mode & 0o010) !== 0;
  return (attributes.mode & 0o001) !== 0;
}
