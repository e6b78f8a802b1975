import {
  checkpoint,
  type ByteString,
  type DirectoryNode,
  type RootfsNode,
  type Timestamp,
} from "@bootlayer/rootfs-tree";
import { claimContents } from "./claimed-contents.ts";
import type { BlockCompressor, CompressorDescription } from "./compress/compressor.ts";
import { encodeCompressorOptions } from "./format/compressor-options.ts";
import { encodeExportTable } from "./format/export.ts";
import { encodeFragmentTable } from "./format/fragment.ts";
import type { FragmentBlock, PlacedContents } from "./format/placed-content.ts";
import { absentTable, encodeSuperblock, flagBits, superblockSize } from "./format/superblock.ts";
import { encodeTime } from "./format/timestamp.ts";
import { createIdTable } from "./id-table.ts";
import { writeInodes } from "./inode-writer.ts";
import { takeInventory } from "./inventory.ts";
import { writeLookupTable } from "./lookup-table.ts";
import { createMetadataTable } from "./metadata-table.ts";
import { xattrPairs } from "./xattr-pairs.ts";
import { createXattrTable } from "./xattr-table.ts";

/** The image file, when all data and fragment blocks are in it. */
export interface MetadataOutput {
  /** Where the next bytes will lie. */
  position(): number;
  /** Writes bytes after all others; their memory is the caller's again at once. */
  append(bytes: Uint8Array): void;
  /** Overwrites the first bytes of the image, `headLength` of them. */
  overwriteHead(bytes: Uint8Array): void;
}

/** The options that metadata depend on: checked, and complete. */
export interface MetadataOptions {
  readonly blockSize: number;
  readonly time: Timestamp;
  readonly uncompressed: {
    readonly inodes: boolean;
    readonly data: boolean;
    readonly fragments: boolean;
    readonly xattrs: boolean;
  };
  readonly fragments: boolean;
  readonly deduplicate: boolean;
  readonly exportTable: boolean;
}

export interface FinishInput {
  readonly options: MetadataOptions;
  readonly description: CompressorDescription;
  /** For chunks of 8 KiB. */
  readonly compressor: BlockCompressor;
  readonly contents: PlacedContents;
  readonly fragments: readonly FragmentBlock[];
  readonly output: MetadataOutput;
  readonly signal: AbortSignal | undefined;
}

export interface Finished {
  /** Length of the image; what follows up to a multiple of 4 KiB is zeros, written too. */
  readonly bytesUsed: number;
  readonly inodes: number;
  /** Distinct uids and gids. */
  readonly ids: number;
  /** Distinct sets of extended attributes. */
  readonly xattrSets: number;
  /** Blocks that ends of files share: those that the tree has a file in. */
  readonly fragments: number;
  /** Handles of contents that no file of the tree has, ascending. */
  readonly unclaimed: readonly number[];
  /** Nodes whose POSIX ACLs are not in the image, since squashfs has no place for them: a path of each. */
  readonly aclsDropped: readonly ByteString[];
}

/** Bytes of superblock and compressor options: data begins behind them. */
export function headLength(description: CompressorDescription): number {
  return superblockSize + encodeCompressorOptions(description).length;
}

/** Loop devices have whole sectors, and more where pages are larger: mksquashfs does the same. */
const paddingUnit = 4096;

/**
 * Lays down everything but contents: inodes, directories and tables in the order that all readers expect, the superblock
 * last.
 *
 * @throws {SquashfsError} SQUASHFS_TREE_INVALID, SQUASHFS_TOO_MANY_IDS, SQUASHFS_XATTR_UNSUPPORTED,
 *   SQUASHFS_XATTRS_TOO_LARGE, SQUASHFS_TOO_LARGE.
 */
export async function writeMetadata(root: DirectoryNode, input: FinishInput): Promise<Finished> {
  const { options, description, compressor, output, signal } = input;
  const compressorFor = (isRaw: boolean): BlockCompressor | undefined => (isRaw ? undefined : compressor);
  const pause = checkpoint(signal);
  const contents = claimContents(input.contents, input.fragments);
  const ids = createIdTable();
  const xattrs = createXattrTable();
  const xattrSets = new Map<RootfsNode, number>();
  const aclsDropped: ByteString[] = [];

  const inventory = await takeInventory(root, {
    onNode(node, path) {
      ids.indexOf(node.attributes.uid);
      ids.indexOf(node.attributes.gid);
      const { pairs, isAclDropped } = xattrPairs(node.attributes.xattrs, path);
      if (pairs.length > 0) xattrSets.set(node, xattrs.indexOf(pairs));
      if (isAclDropped) aclsDropped.push(path);
      if (node.kind === "file") contents.claim(node, path);
    },
    pause,
  });

  const inodeCompressor = compressorFor(options.uncompressed.inodes);
  const inodeTablePosition = output.position();
  const inodeTable = createMetadataTable("inode", {
    compressor: inodeCompressor,
    emit: (bytes) => {
      output.append(bytes);
    },
  });
  // Both tables grow at once, so one of them has to wait.
  const directoryChunks: Buffer[] = [];
  const directoryTable = createMetadataTable("directory", {
    compressor: inodeCompressor,
    emit: (bytes) => directoryChunks.push(Buffer.from(bytes)),
  });
  const inodes = await writeInodes(root, {
    inventory,
    contents,
    ids,
    xattrSets,
    inodeTable,
    directoryTable,
    pause,
  });
  await inodeTable.finish();
  await directoryTable.finish();
  const directoryTablePosition = output.position();
  for (const chunk of directoryChunks) output.append(chunk);

  const fragments = contents.fragments();
  const fragmentTable = await writeLookupTable(
    encodeFragmentTable(fragments),
    compressorFor(options.uncompressed.fragments),
    output,
  );
  const exportTable = options.exportTable
    ? await writeLookupTable(encodeExportTable(inodes), inodeCompressor, output)
    : absentTable;
  const idTable = await writeLookupTable(ids.encode(), inodeCompressor, output);
  const xattrTable = await xattrs.write(compressorFor(options.uncompressed.xattrs), output);

  const bytesUsed = output.position();
  output.append(Buffer.alloc((paddingUnit - (bytesUsed % paddingUnit)) % paddingUnit));
  const superblock = encodeSuperblock({
    inodes: inodes.length,
    time: encodeTime(options.time),
    blockSize: options.blockSize,
    fragments: fragments.length,
    compression: description.id,
    flags: flagsOf(options, description),
    ids: ids.count,
    root: inodes.at(-1) ?? 0,
    bytesUsed,
    inodeTable: inodeTablePosition,
    directoryTable: directoryTablePosition,
    fragmentTable,
    exportTable,
    idTable,
    xattrTable,
  });
  output.overwriteHead(Buffer.concat([superblock, encodeCompressorOptions(description)]));
  return {
    bytesUsed,
    inodes: inodes.length,
    ids: ids.count,
    xattrSets: xattrs.count,
    fragments: fragments.length,
    unclaimed: contents.unclaimed(),
    aclsDropped,
  };
}

function flagsOf(options: MetadataOptions, description: CompressorDescription): number {
  const { uncompressed } = options;
  return (
    (uncompressed.inodes ? flagBits.rawInodes | flagBits.rawIds : 0) |
    (uncompressed.data ? flagBits.rawData : 0) |
    (uncompressed.fragments ? flagBits.rawFragments : 0) |
    (uncompressed.xattrs ? flagBits.rawXattrs : 0) |
    (options.fragments ? flagBits.alwaysFragments : flagBits.noFragments) |
    (options.deduplicate ? flagBits.deduplicated : 0) |
    (options.exportTable ? flagBits.exportable : 0) |
    (description.options ? flagBits.compressorOptions : 0)
  );
}
