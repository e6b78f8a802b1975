import type { ByteString, DirectoryNode, Timestamp } from "@bootlayer/rootfs-tree";
import type { BlockCompressor, CompressorDescription } from "./compress/compressor.ts";
import type { FragmentBlock, PlacedContents } from "./format/placed-content.ts";

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
  /** Handles of contents that no file of the tree has, ascending. */
  readonly unclaimed: readonly number[];
  /** Nodes whose POSIX ACLs are not in the image, since squashfs has no place for them: a path of each. */
  readonly aclsDropped: readonly ByteString[];
}

/** Bytes of superblock and compressor options: data begins behind them. */
export function headLength(description: CompressorDescription): number {
  return 96 + (description.options ? 2 + description.options.length : 0);
}

/**
 * Lays down everything but contents: inodes, directories, tables, the superblock last.
 *
 * @throws {SquashfsError} SQUASHFS_TREE_INVALID, SQUASHFS_TOO_MANY_IDS, SQUASHFS_XATTR_UNSUPPORTED,
 *   SQUASHFS_XATTRS_TOO_LARGE, SQUASHFS_TOO_LARGE, naming the path.
 */
export async function writeMetadata(root: DirectoryNode, input: FinishInput): Promise<Finished> {
  throw new Error(`not there yet: ${root.kind} ${input.options.blockSize}`);
}
