import { availableParallelism } from "node:os";
import { inspect } from "node:util";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import { SquashfsError } from "./errors.ts";

/**
 * How blocks are compressed.
 * - `zstd`: level 1 to 22, default 15: the size that the reference tool's level gives, at parameters of our own
 * - `gzip`: level 1 to 12 (10 to 12 are libdeflate's own), default 9
 * - `xz`: preset 0 to 9, default 6: about the size of that preset for each block, in less time. `filters` are branch filters, tried on every block; a kernel
 *   may lack them. Without them x86 code is recognised, and takes the x86 filter (XZ_DEC_X86, which kernels have unless it was taken out)
 * - `lz4`: fast, or with `highCompression` slow and smaller, at the same speed of reading
 * - `none`: blocks are stored as they are; the image says gzip, which every kernel with squashfs has
 */
export type SquashfsCompression = Readonly<
  | { kind: "zstd"; level?: number | undefined }
  | { kind: "gzip"; level?: number | undefined }
  | { kind: "xz"; level?: number | undefined; filters?: readonly XzFilter[] | undefined }
  | { kind: "lz4"; highCompression?: boolean | undefined }
  | { kind: "none" }
>;

export type XzFilter = "x86" | "powerpc" | "ia64" | "arm" | "armthumb" | "sparc";

export type SquashfsBlockSize = 4096 | 8192 | 16384 | 32768 | 65536 | 131072 | 262144 | 524288 | 1048576;

export interface SquashfsOptions {
  /** Default: zstd, level 15. */
  readonly compression?: SquashfsCompression | undefined;
  /** Bytes of a block of data; at least the page size of the kernel that is to mount it. Default 131,072. */
  readonly blockSize?: SquashfsBlockSize | undefined;
  /** When the file system was made; rounded down to seconds, 1970 to 2106. Default: 1970. */
  readonly time?: Timestamp | undefined;
  /** What is stored without being compressed (mksquashfs -noI, -noD, -noF, -noX). Default: nothing. */
  readonly uncompressed?:
    | {
        readonly inodes?: boolean | undefined;
        readonly data?: boolean | undefined;
        readonly fragments?: boolean | undefined;
        readonly xattrs?: boolean | undefined;
      }
    | undefined;
  /** Whether ends of files share blocks. Default true. */
  readonly fragments?: boolean | undefined;
  /** Whether files with the same bytes are stored once. Default true. */
  readonly deduplicate?: boolean | undefined;
  /** Whether inodes can be found by number: NFS and overlayfs with all its features need it. Default true. */
  readonly exportTable?: boolean | undefined;
  /** Threads that compress; 0: all on the calling one. Does not change the bytes. Default: one for each processor. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options as the writer uses them: complete and checked. */
export interface CheckedOptions {
  readonly compression: SquashfsCompression;
  readonly blockSize: SquashfsBlockSize;
  readonly time: Timestamp;
  readonly uncompressed: Uncompressed;
  readonly fragments: boolean;
  readonly deduplicate: boolean;
  readonly exportTable: boolean;
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
}

export interface Uncompressed {
  readonly inodes: boolean;
  readonly data: boolean;
  readonly fragments: boolean;
  readonly xattrs: boolean;
}

const blockSizes: readonly number[] = [
  4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288, 1048576,
] satisfies SquashfsBlockSize[];

const xzFilters: readonly string[] = [
  "x86",
  "powerpc",
  "ia64",
  "arm",
  "armthumb",
  "sparc",
] satisfies XzFilter[];

/** What "none" says another way: the image tells its readers so. */
const everything: Uncompressed = { inodes: true, data: true, fragments: true, xattrs: true };

/** Each has a thread's memory, and one thread feeds them all. */
const maxThreads = 256;
const maxDefaultThreads = 32;

/**
 * The edge: untrusted in, plain value out.
 *
 * @throws {SquashfsError} SQUASHFS_OPTIONS_INVALID, naming the option.
 */
export function checkOptions(options: SquashfsOptions): CheckedOptions {
  if (!isObject(options)) throw invalid("object", options, "an object");
  const {
    compression = { kind: "zstd" },
    blockSize = 131072,
    time = { seconds: 0, nanoseconds: 0 },
    uncompressed = {},
    fragments = true,
    deduplicate = true,
    exportTable = true,
    threads = Math.min(availableParallelism(), maxDefaultThreads),
    signal,
  } = options;
  if (!blockSizes.includes(blockSize))
    throw invalid("blockSize", blockSize, "a power of two from 4096 to 1048576");
  if (!isObject(time) || !Number.isSafeInteger(time.seconds) || !isWhole(time.nanoseconds, 0, 999_999_999))
    throw invalid("time", time, "whole seconds, and nanoseconds below one second");
  if (!isWhole(threads, 0, maxThreads))
    throw invalid("threads", threads, `a whole number up to ${maxThreads}`);
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid("signal", signal, "an AbortSignal");
  return {
    compression: checkCompression(compression),
    blockSize,
    time,
    uncompressed: { ...checkUncompressed(uncompressed), ...(compression.kind === "none" && everything) },
    fragments: checkBoolean("fragments", fragments),
    deduplicate: checkBoolean("deduplicate", deduplicate),
    exportTable: checkBoolean("exportTable", exportTable),
    threads,
    signal,
  };
}

/** A copy: what the caller does with his object later is no concern of the image's. */
function checkCompression(compression: SquashfsCompression): SquashfsCompression {
  switch (isObject(compression) ? compression.kind : undefined) {
    case "zstd":
      return { ...checkLevel(compression, 1, 22) };
    case "gzip":
      return { ...checkLevel(compression, 1, 12) };
    case "xz":
      if ("filters" in compression && compression.filters !== undefined)
        return { ...checkLevel(compression, 0, 9), filters: checkFilters(compression.filters) };
      return { ...checkLevel(compression, 0, 9) };
    case "lz4":
      if ("highCompression" in compression && compression.highCompression !== undefined)
        checkBoolean("compression.highCompression", compression.highCompression);
      return { ...compression };
    case "none":
      return { kind: "none" };
    default:
      throw invalid("compression", compression, 'of kind "zstd", "gzip", "xz", "lz4" or "none"');
  }
}

function checkLevel<Given extends SquashfsCompression>(
  compression: Given,
  least: number,
  greatest: number,
): Given {
  const level = "level" in compression ? compression.level : undefined;
  if (level !== undefined && !isWhole(level, least, greatest))
    throw invalid("compression", compression, `of a level from ${least} to ${greatest}`);
  return compression;
}

function checkFilters(filters: readonly XzFilter[]): readonly XzFilter[] {
  const known =
    Array.isArray(filters) &&
    filters.every(
      (filter: unknown, index) =>
        typeof filter === "string" && xzFilters.includes(filter) && filters.indexOf(filter) === index,
    );
  if (!known) throw invalid("compression.filters", filters, `a list of ${xzFilters.join(", ")}, each once`);
  return [...filters];
}

function checkUncompressed(given: NonNullable<SquashfsOptions["uncompressed"]>): Uncompressed {
  if (!isObject(given)) throw invalid("uncompressed", given, "an object");
  const { inodes = false, data = false, fragments = false, xattrs = false } = given;
  for (const value of [inodes, data, fragments, xattrs]) {
    if (typeof value !== "boolean")
      throw invalid("uncompressed", given, "true or false for each of inodes, data, fragments and xattrs");
  }
  return { inodes, data, fragments, xattrs };
}

function checkBoolean(name: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw invalid(name, value, "true or false");
  return value;
}

/** What the types promise, callers from JavaScript may not keep. */
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isWhole(value: number, least: number, greatest: number): boolean {
  return Number.isSafeInteger(value) && value >= least && value <= greatest;
}

function invalid(name: string, value: unknown, expected: string): SquashfsError {
  return new SquashfsError(
    "SQUASHFS_OPTIONS_INVALID",
    `squashfs option ${name} is ${inspect(value, { depth: 2, breakLength: Infinity })}`,
    `it must be ${expected}`,
  );
}
