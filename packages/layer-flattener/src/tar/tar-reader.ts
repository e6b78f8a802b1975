import { displayText, type ByteString } from "@bootlayer/rootfs-tree";
import { tarError, type TarFail } from "../errors.ts";
import { parseLayerLimits, type LayerLimits } from "../limits.ts";
import { createBlockFeed, type BlockFeed } from "./block-feed.ts";
import { buildEntry, hasBody } from "./build-entry.ts";
import {
  createSparseMapReader,
  parseOldSparseHeader,
  parseSparseExtension,
  paxSparse,
  type SparseMap,
} from "./gnu-sparse.ts";
import { blockBytes, decodeHeader, isZeroBlock, type TarHeader } from "./header.ts";
import { applyPaxRecords, noPaxAttributes, parsePaxRecords, type PaxAttributes } from "./pax.ts";
import type { TarEvent } from "./tar-entry.ts";

export interface TarReaderOptions {
  /** Names the archive in errors. Default: `archive`. */
  readonly name?: string;
  readonly limits?: LayerLimits;
}

/** Whether the chunks hold the files' data, or whoever gives them leaves those out. */
export type TarBodies = "given" | "left-out";

export interface TarReader {
  /** Events of the next chunk. They must be taken to their end before the next chunk is given. */
  read(chunk: Uint8Array): Iterable<TarEvent>;
  /** After the last chunk. @throws {TarError} TAR_TRUNCATED if the archive breaks off. */
  end(): Iterable<TarEvent>;
  /** At an entry: where its data begins in the archive. */
  readonly position: number;
  /** With bodies left out, after a chunk's events: how many bytes lie between that chunk and the next one. */
  readonly leftOut: number;
}

/**
 * Reads V7, ustar, star, GNU and PAX archives (POSIX pax, "pax Interchange Format"; GNU tar manual, "Tar Internals").
 * Exact to the byte: names, targets and xattrs pass through no encoding. Stops at the two zero blocks, or at the end of
 * the bytes without them; what follows is passed over. The limits of entries, paths and bytes are for the caller.
 *
 * @throws {TarError} from the events' iteration, naming the archive and the entry.
 */
export function createTarReader({
  name = "archive",
  limits = parseLayerLimits(),
  bodies = "given",
}: TarReaderOptions & { readonly bodies?: TarBodies } = {}): TarReader {
  const feed = createBlockFeed();
  const events = readArchive({ feed, name, limits, bodies });
  function* drain(): Generator<TarEvent> {
    for (let step = events.next(); step.done !== true && step.value !== hungry; step = events.next())
      yield step.value;
  }
  return {
    read(chunk) {
      feed.push(chunk);
      return drain();
    },
    end() {
      feed.end();
      return drain();
    },
    get position() {
      return feed.position;
    },
    get leftOut() {
      return feed.leftOut;
    },
  };
}

/** The same over a stream of chunks. */
export async function* readTar(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: TarReaderOptions = {},
): AsyncGenerator<TarEvent> {
  const reader = createTarReader(options);
  for await (const chunk of chunks) yield* reader.read(chunk);
  yield* reader.end();
}

/** What the inner generators yield when the chunk is used up. */
const hungry: unique symbol = Symbol("needs the next chunk");
type Hungry = typeof hungry;

interface Archive {
  readonly feed: BlockFeed;
  readonly name: string;
  readonly limits: LayerLimits;
  readonly bodies: TarBodies;
}

/** What stands in front of an entry and speaks of it. */
interface Preamble {
  pax: PaxAttributes | undefined;
  longName: ByteString | undefined;
  longLink: ByteString | undefined;
}

function* readArchive(archive: Archive): Generator<TarEvent | Hungry, void> {
  let globals = noPaxAttributes;
  let before: Preamble = { pax: undefined, longName: undefined, longLink: undefined };
  for (;;) {
    const fail: TarFail = (code, what) => tarError(code, archive.name, what);
    const block = yield* takeBlock(archive, fail);
    if (block === undefined || isZeroBlock(block)) {
      if (before.pax ?? before.longName ?? before.longLink)
        throw fail("TAR_TRUNCATED", "it ends after an extended header, without its entry");
      if (block !== undefined) yield* readEnd(archive, fail);
      return;
    }
    const header = decodeHeader(block, (code, what) =>
      tarError(code, `${archive.name}, entry ${displayText(rawName(block))}`, what),
    );
    switch (header.typeflag) {
      case "x":
        before.pax = applyPaxRecords(
          before.pax ?? globals,
          parsePaxRecords(yield* readMeta(archive, header, fail), fail),
          "entry",
          archive.limits,
          fail,
        );
        break;
      case "g":
        globals = applyPaxRecords(
          globals,
          parsePaxRecords(yield* readMeta(archive, header, fail), fail),
          "global",
          archive.limits,
          fail,
        );
        break;
      case "L":
        before.longName = longText(yield* readMeta(archive, header, fail), fail);
        break;
      case "K":
        before.longLink = longText(yield* readMeta(archive, header, fail), fail);
        break;
      default:
        yield* readEntry(archive, header, block, before, globals);
        before = { pax: undefined, longName: undefined, longLink: undefined };
    }
  }
}

function* readEntry(
  archive: Archive,
  header: TarHeader,
  block: Buffer,
  before: Preamble,
  globals: PaxAttributes,
): Generator<TarEvent | Hungry, void> {
  const pax = before.pax ?? globals;
  // GNU's long name wins over PAX, as in the Go library that container tools use.
  const path = before.longName ?? pax.path ?? header.name;
  const fail: TarFail = (code, what) =>
    tarError(code, path === "" ? archive.name : `${archive.name}, entry ${displayText(path)}`, what);
  if (path === "") throw fail("TAR_NAME", "an entry has no name");
  const linkTarget = before.longLink ?? pax.linkPath ?? header.linkName;
  const build = { header, block, pax, path, linkTarget, fail };
  if (!hasBody(header, path)) {
    yield { kind: "entry", entry: buildEntry(build) };
    yield { kind: "end" };
    return;
  }
  // A PAX size is of this body; headers in front had their own (CVE-2025-62518).
  const archived = pax.size ?? header.size;
  let rest = archived;
  let sparse: SparseMap | undefined;
  if (header.typeflag === "S") {
    const { map, extended } = parseOldSparseHeader(block, fail);
    sparse = extended ? { ...map, numbers: yield* readExtensions(archive, map.numbers, fail) } : map;
  }
  const described = sparse === undefined ? paxSparse(pax, fail) : undefined;
  if (described?.kind === "mapped") sparse = described.map;
  if (described?.kind === "map-in-body") {
    const { numbers, blocks } = yield* readSparseMap(archive, Math.floor(rest / blockBytes), fail);
    sparse = { size: described.size, numbers };
    rest -= blocks * blockBytes;
  }
  const named = described?.name === undefined ? build : { ...build, path: described.name };
  yield { kind: "entry", entry: buildEntry({ ...named, sparse, storedBytes: rest }) };
  if (archive.bodies === "left-out") {
    archive.feed.leaveOut(rest + padding(archived));
    yield { kind: "end" };
    return;
  }
  while (rest > 0) {
    const bytes = archive.feed.takeRun(rest);
    if (bytes.length === 0) yield* moreBytes(archive, fail);
    else {
      rest -= bytes.length;
      yield { kind: "data", bytes };
    }
  }
  yield { kind: "end" };
  yield* skip(archive, padding(archived), fail);
}

/** Body of a header that speaks of the next entry, as a copy of its own. */
function* readMeta(archive: Archive, { size }: TarHeader, fail: TarFail): Generator<Hungry, Buffer> {
  if (size > archive.limits.paxBytes)
    throw fail("TAR_LIMIT", `an extended header is of ${size} bytes, over ${archive.limits.paxBytes}`);
  const body = Buffer.alloc(size);
  for (let filled = 0; filled < size;) {
    const bytes = archive.feed.takeRun(size - filled);
    if (bytes.length === 0) yield* moreBytes(archive, fail);
    else filled += bytes.copy(body, filled);
  }
  yield* skip(archive, padding(size), fail);
  return body;
}

function* readExtensions(
  archive: Archive,
  first: readonly number[],
  fail: TarFail,
): Generator<Hungry, readonly number[]> {
  const numbers = [...first];
  for (let blocks = 1; ; blocks++) {
    if (blocks * blockBytes > archive.limits.paxBytes)
      throw fail("TAR_LIMIT", `its sparse map is over ${archive.limits.paxBytes} bytes`);
    const block = yield* takeBlock(archive, fail);
    if (block === undefined) throw fail("TAR_TRUNCATED", "the archive ends inside a sparse map");
    const extension = parseSparseExtension(block, fail);
    numbers.push(...extension.numbers);
    if (!extension.extended) return numbers;
  }
}

function* readSparseMap(
  archive: Archive,
  available: number,
  fail: TarFail,
): Generator<Hungry, { readonly numbers: readonly number[]; readonly blocks: number }> {
  const readBlock = createSparseMapReader(fail);
  for (let blocks = 1; blocks <= available; blocks++) {
    if (blocks * blockBytes > archive.limits.paxBytes)
      throw fail("TAR_LIMIT", `its sparse map is over ${archive.limits.paxBytes} bytes`);
    const block = yield* takeBlock(archive, fail);
    if (block === undefined) break;
    const numbers = readBlock(block);
    if (numbers !== undefined) return { numbers, blocks };
  }
  throw fail("TAR_SPARSE", "its sparse map does not end");
}

/** After the first zero block: the second, or the end of the bytes; then whatever a tool left there. */
function* readEnd(archive: Archive, fail: TarFail): Generator<Hungry, void> {
  const second = yield* takeBlock(archive, fail);
  if (second !== undefined && !isZeroBlock(second))
    throw fail("TAR_HEADER", "a lone zero block stands between entries");
  for (;;) {
    archive.feed.takeRun(Number.MAX_SAFE_INTEGER);
    if (archive.feed.ended) return;
    yield hungry;
  }
}

/** `undefined` where the archive ends before it; breaking off within it is an error. */
function* takeBlock({ feed }: Archive, fail: TarFail): Generator<Hungry, Buffer | undefined> {
  for (;;) {
    const block = feed.takeBlock();
    if (block !== undefined) return block;
    if (feed.ended && feed.partial === 0) return undefined;
    if (feed.ended) throw fail("TAR_TRUNCATED", "the archive ends inside a header");
    yield hungry;
  }
}

function* moreBytes({ feed }: Archive, fail: TarFail): Generator<Hungry, void> {
  if (feed.ended) throw fail("TAR_TRUNCATED", "the archive ends inside the entry");
  yield hungry;
}

function* skip(archive: Archive, bytes: number, fail: TarFail): Generator<Hungry, void> {
  for (let rest = bytes; rest > 0;) {
    const { length } = archive.feed.takeRun(rest);
    rest -= length;
    if (length === 0) yield* moreBytes(archive, fail);
  }
}

/** Bytes that fill the last block of a body. */
function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** GNU's long name or link target: a C string. */
function longText(body: Buffer, fail: TarFail): ByteString {
  let length = body.length;
  while (length > 0 && body[length - 1] === 0) length--;
  const text = body.toString("latin1", 0, length) as ByteString;
  if (text === "" || text.includes("\0")) throw fail("TAR_NAME", "a long name is empty or has a NUL");
  return text;
}

/** For errors in a header that could not be decoded. */
function rawName(block: Buffer): ByteString {
  return block.toString("latin1", 0, 100).replace(/\0.*$/s, "") as ByteString;
}
