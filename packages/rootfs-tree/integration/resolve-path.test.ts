import { execFileSync, spawnSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  byteString,
  epoch,
  resolvePath,
  type Attributes,
  type ContentHandle,
  type DirectoryNode,
  type RootfsNode,
} from "../src/index.ts";

/** Asks the kernel, from inside each tree: the inode that each path leads to, or the name of the error. */
const askKernel = `
import errno, json, os, sys
outside = os.open("/", os.O_RDONLY)
def ask(path, follow_last):
    try:
        return str(os.stat(path, follow_symlinks=follow_last).st_ino)
    except OSError as error:
        return errno.errorcode[error.errno]
answers = []
for root, questions in json.load(sys.stdin):
    os.chroot(root)
    os.chdir("/")
    answers += [ask(*question) for question in questions]
    os.fchdir(outside)
    os.chroot(".")
print(json.dumps(answers))
`;

const attributes: Attributes = { mode: 0o755, uid: 0, gid: 0, mtime: epoch, xattrs: new Map() };
/** No slash and no dot at the end: there Linux asks for a directory, and archives mean nothing by it. */
const anyPath = fc
  .tuple(
    fc.constantFrom("", "/", "./"),
    fc.array(fc.constantFrom("a", "b", "c", ".."), { minLength: 1, maxLength: 8 }),
  )
  .map(([start, components]) => start + components.join("/"));

const anyTree = fc.letrec<{ node: RootfsNode; directory: DirectoryNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: "tree" },
    fc.constant(1).map((size): RootfsNode => ({
      kind: "file",
      attributes,
      size,
      content: size as ContentHandle,
    })),
    anyPath.map((target): RootfsNode => ({ kind: "symlink", attributes, target: byteString(target) })),
    tie("directory"),
  ),
  directory: fc
    .dictionary(fc.constantFrom("a", "b", "c"), tie("node"), { maxKeys: 3, depthIdentifier: "tree" })
    .map((entries): DirectoryNode => {
      const named = Object.entries(entries).map(([name, node]) => [byteString(name), node] as const);
      return { kind: "directory", attributes, entries: new Map(named) };
    }),
})).directory;

type Question = [path: string, followLast: boolean];
const anyQuestions: fc.Arbitrary<Question[]> = fc.array(fc.tuple(anyPath, fc.boolean()), {
  minLength: 40,
  maxLength: 40,
});

/** Makes the tree on disk and notes which inode each node became. */
function lay(node: RootfsNode, path: string, inodes: Map<RootfsNode, string>): Map<RootfsNode, string> {
  if (node.kind === "directory") {
    mkdirSync(path);
    for (const [name, child] of node.entries) lay(child, join(path, name), inodes);
  } else if (node.kind === "symlink") symlinkSync(node.target, path);
  else writeFileSync(path, "x");
  return inodes.set(node, lstatSync(path, { bigint: true }).ino.toString());
}

function ours(
  root: DirectoryNode,
  path: string,
  followLast: boolean,
  inodes: ReadonlyMap<RootfsNode, string>,
): string | undefined {
  try {
    const answer = resolvePath(root, byteString(path), { followLast });
    if (answer.kind === "found") return inodes.get(answer.node);
    return answer.kind === "missing" ? "ENOENT" : "ENOTDIR";
  } catch {
    return "ELOOP";
  }
}

const isRequired = process.env["BOOTLAYER_REQUIRE_JUDGES"] === "1";
const canAsk = process.getuid?.() === 0 && spawnSync("python3", ["--version"]).status === 0;
const reason = canAsk ? "" : " [skipped: needs root, python3]";
describe.skipIf(!canAsk && !isRequired)(`the kernel, chrooted into the same tree${reason}`, () => {
  property.prop([fc.array(fc.tuple(anyTree, anyQuestions), { minLength: 10, maxLength: 10 })], {
    numRuns: 10,
  })("finds what we find, and stops where we stop", (cases) => {
    const directory = mkdtempSync(join(tmpdir(), "rootfs-tree-"));
    try {
      const answered: { root: DirectoryNode; path: string; answer: string | undefined }[] = [];
      const asked: [string, Question[]][] = [];
      for (const [number, [root, questions]] of cases.entries()) {
        const place = join(directory, `${number}`);
        const inodes = lay(root, place, new Map());
        asked.push([place, questions]);
        for (const [path, followLast] of questions)
          answered.push({ root, path, answer: ours(root, path, followLast, inodes) });
      }
      const output = execFileSync("python3", ["-c", askKernel], { input: JSON.stringify(asked) });
      const theirs: readonly unknown[] = JSON.parse(output.toString());
      expect(theirs).toHaveLength(answered.length);
      for (const [position, { root, path, answer }] of answered.entries()) {
        const kernel = theirs[position];
        // The one difference that is meant: `..` takes a missing name back, where the kernel has stopped.
        if (kernel === "ENOENT" && mayTakeBack(root, path)) continue;
        expect({ path, answer }).toEqual({ path, answer: kernel });
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** Whether some `..` of the path, or of any symlink that it may pass, could stand behind a missing name. */
function mayTakeBack(root: DirectoryNode, path: string): boolean {
  const texts = [path];
  const pending: RootfsNode[] = [root];
  for (let node = pending.pop(); node; node = pending.pop())
    if (node.kind === "directory") pending.push(...node.entries.values());
    else if (node.kind === "symlink") texts.push(node.target);
  return texts.some((text) => text.split("/").includes(".."));
}
