import type { ByteString } from "@bootlayer/rootfs-tree";
import { SquashfsError } from "./errors.ts";
import {
  directoryEntrySize,
  encodeDirectoryEntry,
  encodeRunHeader,
  maxIndexEntries,
  maxRunEntries,
  runHeaderSize,
  type DirectoryIndexEntry,
} from "./format/directory.ts";
import { maxListingSize } from "./format/inode.ts";
import { chunkOffsetOf, chunkSize, chunkStartOf, type MetadataReference } from "./format/metadata-chunk.ts";
import type { MetadataTable } from "./metadata-table.ts";

/** A name, and the inode that it is of. */
export interface ListedName {
  readonly name: ByteString;
  /** Of the basic inode. */
  readonly type: number;
  readonly inode: MetadataReference;
  readonly number: number;
}

/** What a directory's inode says of its listing. */
export interface Listing {
  readonly listing: MetadataReference;
  readonly listingSize: number;
  readonly index: readonly DirectoryIndexEntry[];
}

/** A stretch of a listing: whole runs, together no longer than a metadata chunk. */
interface ListingSegment {
  readonly firstName: ByteString;
  readonly bytes: Buffer;
}

/**
 * Adds a directory's names, which come in byte order, to the directory table.
 *
 * @throws {SquashfsError} SQUASHFS_TOO_LARGE for more names than an index has room for (about 20 million).
 */
export async function writeListing(names: Iterable<ListedName>, table: MetadataTable): Promise<Listing> {
  const listing = table.reference();
  const index: DirectoryIndexEntry[] = [];
  let listingSize = 0;
  for (const { firstName, bytes } of listingSegments(names)) {
    if (listingSize > 0)
      index.push({ offset: listingSize, chunkStart: chunkStartOf(table.reference()), name: firstName });
    await table.append(bytes);
    listingSize += bytes.length;
  }
  if (index.length > maxIndexEntries || listingSize > maxListingSize)
    throw new SquashfsError(
      "SQUASHFS_TOO_LARGE",
      `a directory's names take ${listingSize} bytes, more than squashfs can hold`,
      "spread the files over several directories",
    );
  return { listing, listingSize, index };
}

interface Run {
  readonly first: ListedName;
  readonly names: ListedName[];
}

/** Readers may begin at each segment; all but the first have an entry in the directory's index. */
function* listingSegments(names: Iterable<ListedName>): Generator<ListingSegment> {
  let runs: Run[] = [];
  let size = 0;
  for (const listed of names) {
    const run = runs.at(-1);
    const isRunOn = run !== undefined && continues(run, listed);
    const added = directoryEntrySize(listed.name) + (isRunOn ? 0 : runHeaderSize);
    if (size + added > chunkSize) {
      yield* encodeSegment(runs, size);
      runs = [{ first: listed, names: [listed] }];
      size = runHeaderSize + directoryEntrySize(listed.name);
      continue;
    }
    if (isRunOn) run.names.push(listed);
    else runs.push({ first: listed, names: [listed] });
    size += added;
  }
  yield* encodeSegment(runs, size);
}

function continues({ first, names }: Run, { inode, number }: ListedName): boolean {
  const difference = number - first.number;
  return (
    names.length < maxRunEntries &&
    chunkStartOf(inode) === chunkStartOf(first.inode) &&
    difference >= -(2 ** 15) &&
    difference < 2 ** 15
  );
}

/** None for no runs: an empty directory has no listing. */
function* encodeSegment(runs: readonly Run[], size: number): Generator<ListingSegment> {
  const [firstRun] = runs;
  if (!firstRun) return;
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const { first, names } of runs) {
    encodeRunHeader(bytes, at, {
      count: names.length,
      chunkStart: chunkStartOf(first.inode),
      baseNumber: first.number,
    });
    at += runHeaderSize;
    for (const { name, type, inode, number } of names) {
      encodeDirectoryEntry(bytes, at, {
        offset: chunkOffsetOf(inode),
        numberDifference: number - first.number,
        type,
        name,
      });
      at += directoryEntrySize(name);
    }
  }
  yield { firstName: firstRun.first.name, bytes };
}
