import type { DirectoryNode, RootfsNode, Checkpoint } from "@bootlayer/rootfs-tree";
import { inodeSeed } from "./checksum.ts";
import type { ContentTarget } from "./content-sink.ts";
import { buildDirectory } from "./directory.ts";
import { blockAreaSize } from "./format/inode.ts";
import type { NameHasher } from "./htree.ts";
import type { Inventory } from "./inventory.ts";

/** Directories and long symlinks: what the tree itself needs blocks for. */
export interface NameBlocks {
  /** The span of a directory or long symlink in the extent table. */
  spanOf(inode: number): number | undefined;
  /** Whether a directory has a hashed index. */
  isHashed(inode: number): boolean;
  /** Whether a directory's index is so deep that the file system needs the feature large_dir. */
  readonly largeDirectories: boolean;
}

/** Two levels of index nodes, the root counted, are what every ext4 follows. */
const maxInnerLevels = 1;

/** A target of at least so many bytes goes into a block; a shorter one, with its NUL, into the inode. */
function isLongTarget(target: string): boolean {
  return target.length >= blockAreaSize;
}

/** Lays down all directories and long symlinks, in the order of their inodes. */
export async function layNameBlocks(
  inventory: Inventory,
  target: ContentTarget,
  seed: number,
  hash: NameHasher,
  pause: Checkpoint,
): Promise<NameBlocks> {
  const { blockSize, allocator, extents, file } = target;
  const spans = new Map<number, number>();
  const hashed = new Set<number>();
  let largeDirectories = false;

  function lay(inode: number, bytes: Buffer): void {
    spans.set(inode, extents.begin());
    let done = 0;
    allocator.take(Math.ceil(bytes.length / blockSize), (start, length) => {
      extents.append(done, start, length);
      file.write(start * blockSize, bytes.subarray(done * blockSize, (done + length) * blockSize));
      done += length;
    });
  }

  function layDirectory(inode: number, directory: DirectoryNode): void {
    const entries = inventory
      .entriesOf(directory)
      .map(([name, node]) => ({ name, inode: inventory.numberOf(node), kind: node.kind }));
    const content = { inode, parent: inventory.parentOf(directory), entries };
    const built = buildDirectory(content, blockSize, inodeSeed(seed, inode), hash);
    if (built.indexLevels !== undefined) hashed.add(inode);
    if ((built.indexLevels ?? 0) > maxInnerLevels) largeDirectories = true;
    lay(inode, built.bytes);
  }

  function layNode(inode: number, node: RootfsNode): void {
    if (node.kind === "directory") layDirectory(inode, node);
    else if (node.kind === "symlink" && isLongTarget(node.target))
      lay(inode, Buffer.from(node.target, "latin1"));
  }

  for (const [inode, node] of inventory.nodes.entries()) {
    const pausing = pause();
    if (pausing) await pausing;
    if (node) layNode(inode, node);
  }
  return {
    spanOf: (inode) => spans.get(inode),
    isHashed: (inode) => hashed.has(inode),
    largeDirectories,
  };
}
