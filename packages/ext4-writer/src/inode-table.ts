import type { RootfsNode, Timestamp, Checkpoint } from "@bootlayer/rootfs-tree";
import { inodeSeed } from "./checksum.ts";
import type { ExtentTable } from "./extent-table.ts";
import { encodeEmptyTree, encodeFlatTree, type ExtentTree } from "./extent-tree.ts";
import {
  blockAreaOffset,
  encodeDevice,
  encodeInode,
  extentsFlag,
  fileTypeBits,
  indexFlag,
  inodeXattrOffset,
  sealInode,
  type InodeFields,
} from "./format/inode.ts";
import { encodeTime } from "./format/timestamp.ts";
import { encodeInodeXattrs } from "./format/xattr.ts";
import { inodeSize, type BlockSize } from "./geometry.ts";
import type { Layout } from "./group-layout.ts";
import type { ImageFile } from "./image-file.ts";
import type { Inventory } from "./inventory.ts";
import type { NameBlocks } from "./name-blocks.ts";
import { placeXattrs } from "./xattr.ts";

/** An inode that belongs to the file system and no node of the tree: the journal's, the resize inode. */
export interface SystemInode {
  readonly size: number;
  readonly blocks: number;
  readonly flags: number;
  readonly blockArea: Buffer;
}

export interface InodeTableInput {
  readonly inventory: Inventory;
  readonly extents: ExtentTable;
  readonly names: NameBlocks;
  /** By inode: extent trees that did not fit the inode. */
  readonly trees: ReadonlyMap<number, ExtentTree>;
  /** By inode: attribute blocks. */
  readonly xattrBlocks: ReadonlyMap<number, number>;
  readonly systemInodes: ReadonlyMap<number, SystemInode>;
  readonly time: Timestamp;
  readonly seed: number;
  readonly blockSize: BlockSize;
}

/** Inodes that are encoded before they are written together. */
const inodesAtOnce = 1024;

/** Writes all inodes in use; the rest of the tables stay holes. */
export async function writeInodeTables(
  input: InodeTableInput,
  layout: Layout,
  file: ImageFile,
  pause: Checkpoint,
): Promise<void> {
  const { inodesPerGroup, inodeTables } = layout;
  const { lastInode } = input.inventory;
  const table = Buffer.alloc(inodesAtOnce * inodeSize);
  for (let done = 0; done < lastInode;) {
    const group = Math.floor(done / inodesPerGroup);
    const inGroup = done % inodesPerGroup;
    const count = Math.min(inodesAtOnce, inodesPerGroup - inGroup, lastInode - done);
    table.fill(0);
    for (let index = 0; index < count; index++) {
      const pausing = pause();
      if (pausing) await pausing;
      encodeOne(input, table, index * inodeSize, done + index + 1);
    }
    const start = (inodeTables[group] ?? 0) * input.blockSize;
    file.write(start + inGroup * inodeSize, table.subarray(0, count * inodeSize));
    done += count;
  }
}

function encodeOne(input: InodeTableInput, table: Buffer, at: number, inode: number): void {
  const node = input.inventory.nodes[inode];
  const system = input.systemInodes.get(inode);
  if (node) encodeNode(input, table, at, inode, node);
  else if (system) encodeSystem(input, table, at, system);
  else return; // a reserved inode without a use is zero, its checksum too
  sealInode(table, at, inodeSeed(input.seed, inode));
}

function encodeSystem(input: InodeTableInput, table: Buffer, at: number, system: SystemInode): void {
  const { size, blocks, flags, blockArea } = system;
  const mtime = encodeTime(input.time);
  const fields: InodeFields = {
    mode: fileTypeBits.file | 0o600,
    uid: 0,
    gid: 0,
    size,
    links: 1,
    blocks,
    flags,
    mtime,
    xattrBlock: 0,
  };
  encodeInode(table, at, fields, input.blockSize);
  blockArea.copy(table, at + blockAreaOffset);
}

function encodeNode(
  input: InodeTableInput,
  table: Buffer,
  at: number,
  inode: number,
  node: RootfsNode,
): void {
  const { blockSize, extents } = input;
  const { mode, uid, gid, mtime, xattrs } = node.attributes;
  const span = spanOf(input, inode, node);
  const spanBlocks = span === undefined ? 0 : extents.blocks(span);
  const xattrBlock = input.xattrBlocks.get(inode) ?? 0;
  const treeBlocks = input.trees.get(inode)?.blocks ?? 0;
  const fields: InodeFields = {
    mode: fileTypeBits[node.kind] | mode,
    uid,
    gid,
    size: sizeOf(node, spanBlocks * blockSize),
    links: input.inventory.linksOf(node),
    blocks: spanBlocks + treeBlocks + (xattrBlock > 0 ? 1 : 0),
    flags:
      (span !== undefined || node.kind === "file" ? extentsFlag : 0) |
      (input.names.isHashed(inode) ? indexFlag : 0),
    mtime: encodeTime(mtime),
    xattrBlock,
  };
  encodeInode(table, at, fields, blockSize);
  encodeBlockArea(input, table, at + blockAreaOffset, inode, node, span);
  if (xattrs.size === 0) return;
  const { inInode } = placeXattrs(xattrs, blockSize);
  if (inInode.length > 0) encodeInodeXattrs(table, at + inodeXattrOffset, at + inodeSize, inInode);
}

/** i_block: the root of an extent tree, a short symlink's target, a device number, or nothing. */
function encodeBlockArea(
  { extents, trees }: InodeTableInput,
  table: Buffer,
  at: number,
  inode: number,
  node: RootfsNode,
  span: number | undefined,
): void {
  if (span !== undefined) {
    const tree = trees.get(inode);
    if (tree) tree.blockArea.copy(table, at);
    else encodeFlatTree(table, at, extents, span);
    return;
  }
  if (node.kind === "file") encodeEmptyTree(table, at);
  else if (node.kind === "symlink") table.write(node.target, at, "latin1");
  else if (node.kind === "character-device" || node.kind === "block-device")
    encodeDevice(table, at, node.device);
}

function spanOf({ names }: InodeTableInput, inode: number, node: RootfsNode): number | undefined {
  return node.kind === "file" ? node.content : names.spanOf(inode);
}

function sizeOf(node: RootfsNode, spanBytes: number): number {
  switch (node.kind) {
    case "file":
      return node.size;
    case "directory":
      return spanBytes;
    case "symlink":
      return node.target.length;
    case "character-device":
    case "block-device":
    case "fifo":
    case "socket":
      return 0;
    default:
      return node satisfies never;
  }
}
