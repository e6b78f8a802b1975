import {
  sortedEntries,
  type DirectoryNode,
  type FileNode,
  type RootfsNode,
  type Checkpoint,
} from "@bootlayer/rootfs-tree";
import type { ClaimedContents } from "./claimed-contents.ts";
import { writeListing, type ListedName, type Listing } from "./directory-listing.ts";
import {
  encodeBlockWords,
  encodeDeviceInode,
  encodeDirectoryInode,
  encodeFileInode,
  encodeIpcInode,
  encodeSymlinkInode,
  inodeTypes,
  type InodeHeader,
} from "./format/inode.ts";
import type { MetadataReference } from "./format/metadata-chunk.ts";
import { encodeTime } from "./format/timestamp.ts";
import type { IdTable } from "./id-table.ts";
import type { Inventory } from "./inventory.ts";
import type { MetadataTable } from "./metadata-table.ts";

export interface InodeInput {
  readonly inventory: Inventory;
  readonly contents: ClaimedContents;
  readonly ids: IdTable;
  /** Of nodes that have extended attributes. */
  readonly xattrSets: ReadonlyMap<RootfsNode, number>;
  readonly inodeTable: MetadataTable;
  readonly directoryTable: MetadataTable;
  readonly pause: Checkpoint;
}

/**
 * Writes all inodes in the order of their numbers, and each directory's listing as soon as the inodes that it names are
 * there. Answers where each inode is, the first at 0; the last is the root.
 */
export async function writeInodes(root: DirectoryNode, input: InodeInput): Promise<MetadataReference[]> {
  const { inventory, inodeTable, directoryTable, pause } = input;
  const references: MetadataReference[] = [];
  /** Of directories whose inodes are not written yet. */
  const listings = new Map<DirectoryNode, Listing>();

  async function write(node: RootfsNode): Promise<MetadataReference> {
    const reference = inodeTable.reference();
    references.push(reference);
    const header = headerOf(node, input);
    if (node.kind !== "directory") await writeInode(node, header, input);
    else {
      const listing = listings.get(node);
      listings.delete(node);
      const parent = inventory.parentNumberOf(node);
      if (listing) await inodeTable.append(encodeDirectoryInode(header, { ...listing, parent }));
    }
    return reference;
  }

  for (const directory of inventory.directories) {
    const names: ListedName[] = [];
    for (const [name, node] of sortedEntries(directory)) {
      const pausing = pause();
      if (pausing) await pausing;
      const number = inventory.numberOf(node);
      const inode = references[number - 1] ?? (await write(node));
      names.push({ name, type: inodeTypes[node.kind], inode, number });
    }
    listings.set(directory, await writeListing(names, directoryTable));
  }
  await write(root);
  return references;
}

function headerOf(node: RootfsNode, { inventory, ids, xattrSets }: InodeInput): InodeHeader {
  const { mode, uid, gid, mtime } = node.attributes;
  return {
    kind: node.kind,
    mode,
    uidIndex: ids.indexOf(uid),
    gidIndex: ids.indexOf(gid),
    mtime: encodeTime(mtime),
    number: inventory.numberOf(node),
    links: inventory.linksOf(node),
    xattrSet: xattrSets.get(node),
  };
}

async function writeInode(
  node: Exclude<RootfsNode, DirectoryNode>,
  header: InodeHeader,
  { contents, inodeTable }: InodeInput,
): Promise<void> {
  switch (node.kind) {
    case "file":
      await writeFileInode(node, header, contents, inodeTable);
      return;
    case "symlink":
      await inodeTable.append(encodeSymlinkInode(header, node.target));
      return;
    case "character-device":
    case "block-device":
      await inodeTable.append(encodeDeviceInode(header, node.device));
      return;
    case "fifo":
    case "socket":
      await inodeTable.append(encodeIpcInode(header));
      return;
    default:
      node satisfies never;
  }
}

/** Words of so many blocks are encoded at once: a sparse file may have very many. */
const wordsAtOnce = 2048;

async function writeFileInode(
  file: FileNode,
  header: InodeHeader,
  contents: ClaimedContents,
  inodeTable: MetadataTable,
): Promise<void> {
  const content = contents.contentOf(file);
  await inodeTable.append(encodeFileInode(header, content));
  const words = content?.blocks ?? new Uint32Array();
  for (let index = 0; index < words.length; index += wordsAtOnce)
    await inodeTable.append(encodeBlockWords(words.subarray(index, index + wordsAtOnce)));
}
