import type { BigIntStats } from "node:fs";
import { lstat, readdir, readlink, realpath, stat } from "node:fs/promises";
import type { LayerLimits } from "@bootlayer/layer-flattener";
import {
  byteStringOf,
  compareByteStrings,
  displayText,
  timestampFromNanoseconds,
  type Attributes,
  type ByteString,
  type DataRegion,
  type DeviceNumber,
} from "@bootlayer/rootfs-tree";
import { BuilderError } from "../errors.ts";
import { readXattrs, type FoundXattrs } from "./read-xattrs.ts";
import { hostPath, openSeenFile, shownPath, type FileIdentity } from "./rootfs-file.ts";
import { readError, sourceChanged } from "./source-file.ts";
import { createSparseScanner } from "./sparse-regions.ts";

/** One name below a directory, with all that a header says of it. */
export type SnapshotEntry = Readonly<{ path: ByteString; attributes: Attributes }> &
  Readonly<
    | { kind: "directory" | "fifo" }
    | { kind: "file"; identity: FileIdentity; regions: readonly DataRegion[] | undefined }
    /** `target`: the path of an entry before this one. */
    | { kind: "hardlink"; target: ByteString }
    | { kind: "symlink"; target: ByteString }
    | { kind: "character-device" | "block-device"; device: DeviceNumber }
  >;

/** What a directory held when it was looked through. Contents are read later, and must still be those of then. */
export interface RootfsSnapshot {
  /** Absolute, without symlinks. */
  readonly root: string;
  /** The root first, each directory before what it holds, names in byte order. */
  readonly entries: readonly SnapshotEntry[];
  /** What is left out, a sentence each. */
  readonly warnings: readonly string[];
}

/** As many names of one directory as are asked after at once. */
const concurrentStats = 64;

/**
 * Looks through a directory and all below it, other file systems that are mounted there too. Symlinks are not followed.
 * Sockets are left out, and names that a layer could not hold (`.wh.*` would hide others).
 *
 * @throws {BuilderError} SOURCE_NOT_FOUND, SOURCE_INVALID if it is no directory, SOURCE_CHANGED, SOURCE_LIMIT.
 * @throws {DurableFileError} FILE_DENIED, FILE_FAILED.
 */
export async function snapshotRootfs(
  directory: string,
  limits: LayerLimits,
  signal: AbortSignal,
): Promise<RootfsSnapshot> {
  const root = await realpath(directory).catch((cause: unknown) => {
    throw readError(directory, cause);
  });
  const top = await stat(root, { bigint: true });
  if (!top.isDirectory())
    throw new BuilderError(
      "SOURCE_INVALID",
      `source ${directory} is no directory`,
      "a tar of a root file system is tar:FILE",
    );
  const { byPath, warning } = await readXattrs(root, limits, signal);
  const sockets: ByteString[] = [];
  const markers: ByteString[] = [];
  const firstNames = new Map<string, ByteString>();
  const entries: SnapshotEntry[] = [
    { kind: "directory", path: "" as ByteString, attributes: attributesOf(top, byPath, "" as ByteString) },
  ];

  async function visitDirectory(parent: ByteString): Promise<void> {
    const names = await readNames(root, parent);
    if (entries.length + names.length > limits.entries)
      throw new BuilderError(
        "SOURCE_LIMIT",
        `${directory} holds over ${limits.entries} names`,
        "if that is meant, raise the limit entries",
      );
    for (let at = 0; at < names.length; at += concurrentStats) {
      signal.throwIfAborted();
      const paths = names.slice(at, at + concurrentStats).map((name) => joined(parent, name));
      const stats = await Promise.all(paths.map((path) => statOf(root, path)));
      for (const [index, path] of paths.entries()) {
        const info = stats[index];
        if (info !== undefined) await visit(path, info);
      }
    }
  }

  async function visit(path: ByteString, info: BigIntStats): Promise<void> {
    if (path.slice(path.lastIndexOf("/") + 1).startsWith(".wh.")) {
      markers.push(path);
      return;
    }
    if (info.isSocket()) {
      sockets.push(path);
      return;
    }
    const attributes = attributesOf(info, byPath, path);
    if (info.isDirectory()) {
      entries.push({ kind: "directory", path, attributes });
      await visitDirectory(path);
      return;
    }
    if (info.nlink > 1n) {
      const inode = `${info.dev}:${info.ino}`;
      const target = firstNames.get(inode);
      if (target !== undefined) {
        entries.push({ kind: "hardlink", path, attributes, target });
        return;
      }
      firstNames.set(inode, path);
    }
    entries.push(await describe(root, path, info, attributes, signal));
  }

  await visitDirectory("" as ByteString);
  const warnings = [
    ...(warning === undefined ? [] : [warning]),
    ...leftOut(sockets, "sockets: no layer holds them"),
    ...leftOut(markers, "names that begin with .wh.: they would hide other names"),
  ];
  return { root, entries, warnings };
}

async function describe(
  root: string,
  path: ByteString,
  info: BigIntStats,
  attributes: Attributes,
  signal: AbortSignal,
): Promise<SnapshotEntry> {
  if (info.isFIFO()) return { kind: "fifo", path, attributes };
  if (info.isSymbolicLink()) {
    const target = await readlink(hostPath(root, path), { encoding: "buffer" }).catch((cause: unknown) => {
      throw sourceChanged(shownPath(root, path), cause);
    });
    return { kind: "symlink", path, attributes, target: byteStringOf(target) };
  }
  if (info.isCharacterDevice() || info.isBlockDevice()) {
    const kind = info.isBlockDevice() ? "block-device" : "character-device";
    return { kind, path, attributes, device: deviceNumber(info.rdev) };
  }
  const identity = {
    path,
    device: info.dev,
    inode: info.ino,
    size: Number(info.size),
    mtimeNanoseconds: info.mtimeNs,
  };
  const hasHoles = info.blocks * 512n < info.size;
  const regions = hasHoles ? await findRegions(root, identity, signal) : undefined;
  return { kind: "file", path, attributes, identity, regions };
}

/** Where a file has data; undefined if there is no hole in it after all. */
async function findRegions(
  root: string,
  file: FileIdentity,
  signal: AbortSignal,
): Promise<readonly DataRegion[] | undefined> {
  const { size } = file;
  const scanner = createSparseScanner();
  const buffer = Buffer.allocUnsafe(Math.min(size, 2 ** 20));
  await using seen = await openSeenFile(root, file);
  for (let position = 0; position < size; position += buffer.length) {
    signal.throwIfAborted();
    const chunk = buffer.subarray(0, size - position);
    await seen.read(chunk, position);
    scanner.push(chunk);
  }
  await seen.expectUnchanged();
  const regions = scanner.regions();
  return regions.length === 1 && regions[0]?.length === size ? undefined : regions;
}

async function readNames(root: string, path: ByteString): Promise<ByteString[]> {
  const names = await readdir(hostPath(root, path), { encoding: "buffer" }).catch((cause: unknown) => {
    throw path === "" ? readError(root, cause) : vanished(root, path, cause);
  });
  return names.map((name) => byteStringOf(name)).toSorted(compareByteStrings);
}

function statOf(root: string, path: ByteString): Promise<BigIntStats> {
  return lstat(hostPath(root, path), { bigint: true }).catch((cause: unknown) => {
    throw vanished(root, path, cause);
  });
}

/** A name that was there a moment ago. */
function vanished(root: string, path: ByteString, cause: unknown): Error {
  const error = readError(shownPath(root, path), cause);
  return error instanceof BuilderError ? sourceChanged(shownPath(root, path), cause) : error;
}

function attributesOf(
  { mode, uid, gid, mtimeNs }: BigIntStats,
  byPath: FoundXattrs["byPath"],
  path: ByteString,
): Attributes {
  return {
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
    mtime: timestampFromNanoseconds(mtimeNs),
    xattrs: byPath.get(path) ?? none,
  };
}

const none: Attributes["xattrs"] = new Map();

/** As Linux packs it (glibc's gnu_dev_major and gnu_dev_minor). */
function deviceNumber(rdev: bigint): DeviceNumber {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n)),
  };
}

function joined(parent: ByteString, name: ByteString): ByteString {
  return parent === "" ? name : (`${parent}/${name}` as ByteString);
}

function leftOut(paths: readonly ByteString[], what: string): string[] {
  const [first] = paths;
  return first === undefined ? [] : [`left out ${paths.length} ${what}, such as ${displayText(first)}`];
}
