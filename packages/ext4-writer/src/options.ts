import { inspect } from "node:util";
import type { Timestamp } from "@bootlayer/rootfs-tree";
import { Ext4Error } from "./errors.ts";
import type { BlockSize } from "./geometry.ts";

/** How large the file system becomes. */
export type Ext4Size = Readonly<
  /** As large as its content needs, with room to work in: see `autoFreeBytes`. */
  | { kind: "auto" }
  /** The image has exactly so many bytes; what is left over after whole blocks and groups stays unused. */
  | { kind: "bytes"; bytes: number }
  /** As large as needed for an ordinary user to find so many bytes available (the kernel's reserves not counted). */
  | { kind: "free"; bytes: number }
>;

export interface Ext4Options {
  /** Default: `{ kind: "auto" }`. */
  readonly size: Ext4Size;
  /** In bytes; default 4096. Smaller blocks bound the image (32 GiB at 1024 unless sized) and symlinks (1,023 bytes). */
  readonly blockSize: BlockSize;
  /** The file system's UUID: 32 hexadecimal digits with or without hyphens. Two disks of one machine need two. */
  readonly uuid: string;
  /** Seed of the directory hash, written like a UUID. */
  readonly hashSeed: string;
  /** Volume name: at most 16 bytes of UTF-8. Default: none. */
  readonly label?: string;
  /** When the file system, its journal and a `lost+found` that the tree lacks were made. Default: 1970. */
  readonly time: Timestamp;
  /** Whether there is a journal. Default: yes, except below 2,048 blocks, where ext4 has no room for one. */
  readonly journal: boolean;
  /** At least so many inodes stay free. Default: see `autoFreeInodes`. */
  readonly freeInodes?: number;
  /**
   * The image certainly stays below so many bytes. Only used where `size` does not say it: less room is then kept for
   * group descriptors while content streams, at the cost of how far the file system can grow in one piece.
   */
  readonly maximumBytes?: number;
}

/** Options as the writer uses them: complete and checked. */
export interface CheckedOptions extends Omit<Ext4Options, "uuid" | "hashSeed" | "label"> {
  readonly uuid: Buffer;
  readonly hashSeed: Buffer;
  readonly label: Buffer;
}

/** Used where the caller gives none: fixed, since nothing in an image may come from chance or the clock. */
const defaultUuid = "b0071a7e-0000-4000-8000-000000000001";
const defaultHashSeed = "b0071a7e-0000-4000-8000-000000000002";

/** 2^32 blocks of 4 KiB. */
const maxImageBytes = 2 ** 44;

/**
 * The edge: untrusted in, plain value out.
 *
 * @throws {Ext4Error} EXT4_OPTIONS_INVALID, naming the option.
 */
export function checkOptions(options: Partial<Ext4Options>): CheckedOptions {
  const {
    size = { kind: "auto" },
    blockSize = 4096,
    uuid = defaultUuid,
    hashSeed = defaultHashSeed,
    label = "",
    time = { seconds: 0, nanoseconds: 0 },
    journal = true,
    freeInodes,
    maximumBytes,
  } = options;
  if (![1024, 2048, 4096].includes(blockSize)) throw invalid("blockSize", blockSize, "1024, 2048 or 4096");
  if (typeof journal !== "boolean") throw invalid("journal", journal, "true or false");
  if (freeInodes !== undefined && !isCount(freeInodes, 2 ** 30))
    throw invalid("freeInodes", freeInodes, "a whole number up to 2^30");
  if (maximumBytes !== undefined && !isCount(maximumBytes, maxImageBytes))
    throw invalid("maximumBytes", maximumBytes, "a whole number up to 2^44");
  if (!isObject(time) || !Number.isSafeInteger(time.seconds) || !isCount(time.nanoseconds, 999_999_999))
    throw invalid("time", time, "whole seconds, and nanoseconds below one second");
  return {
    size: checkSize(size),
    blockSize,
    journal,
    time,
    uuid: uuidBytes("uuid", uuid),
    hashSeed: uuidBytes("hashSeed", hashSeed),
    label: labelBytes(label),
    ...(freeInodes === undefined ? {} : { freeInodes }),
    ...(maximumBytes === undefined ? {} : { maximumBytes }),
  };
}

function checkSize(size: Ext4Size): Ext4Size {
  switch (isObject(size) ? size.kind : undefined) {
    case "auto":
      return size;
    case "bytes":
    case "free": {
      const least = size.kind === "bytes" ? 1 : 0;
      if (!("bytes" in size) || !isCount(size.bytes, maxImageBytes) || size.bytes < least)
        throw invalid("size", size, `a whole number of bytes from ${least} to 2^44`);
      return size;
    }
    default:
      throw invalid("size", size, 'of kind "auto", "bytes" or "free"');
  }
}

function uuidBytes(name: string, text: string): Buffer {
  const digits = typeof text === "string" ? text.replaceAll("-", "") : "";
  if (!/^[0-9a-f]{32}$/i.test(digits)) throw invalid(name, text, "32 hexadecimal digits, hyphens apart");
  return Buffer.from(digits, "hex");
}

function labelBytes(text: string): Buffer {
  if (typeof text !== "string") throw invalid("label", text, "a text");
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length > 16 || bytes.includes(0))
    throw invalid("label", text, "at most 16 bytes, none of them 0");
  return bytes;
}

/** What the types promise, callers from JavaScript may not keep. */
function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function isCount(value: number, maximum: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= maximum;
}

function invalid(name: string, value: unknown, expected: string): Ext4Error {
  return new Ext4Error(
    "EXT4_OPTIONS_INVALID",
    `ext4 option ${name} is ${inspect(value, { depth: 1, breakLength: Infinity })}`,
    `it must be ${expected}`,
  );
}
