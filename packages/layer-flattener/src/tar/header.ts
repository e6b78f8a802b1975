import type { ByteString } from "@bootlayer/rootfs-tree";
import type { TarFail } from "../errors.ts";
import { parseNumberField } from "./number.ts";

export const blockBytes = 512;

/** Which of its dialects a header is written in: they differ in what lies behind byte 256. */
export type TarFormat = "v7" | "ustar" | "star" | "gnu";

/** The fields of one header block, as recorded. */
export interface TarHeader {
  readonly format: TarFormat;
  /** With the prefix of ustar and star in front. */
  readonly name: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow, where the type has a body. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  /** One character. */
  readonly typeflag: string;
  readonly linkName: ByteString;
}

const maxId = 2 ** 32 - 1;

/**
 * Decodes one block of 512 bytes (POSIX pax, "ustar Interchange Format"; GNU tar, "Basic Tar Format"). Fields are
 * C strings: what follows a NUL does not count.
 *
 * @throws {TarError} TAR_HEADER for a wrong checksum, TAR_NUMBER for a field that is no number or out of its range.
 */
export function decodeHeader(block: Buffer, fail: TarFail): TarHeader {
  if (!checksumMatches(block)) throw fail("TAR_HEADER", "a header's checksum is wrong");
  const format = formatOf(block);
  const name = text(block, 0, 100);
  const prefix = format === "ustar" ? text(block, 345, 155) : format === "star" ? text(block, 345, 131) : "";
  const number = (
    field: string,
    offset: number,
    length: number,
    minimum: number,
    maximum: number,
  ): number => {
    const value = parseNumberField(block, offset, length);
    if (value === undefined || value < minimum || value > maximum)
      throw fail("TAR_NUMBER", `${field} of a header is malformed or out of range`);
    return value;
  };
  return {
    format,
    name: (prefix === "" ? name : `${prefix}/${name}`) as ByteString,
    mode: number("mode", 100, 8, 0, Number.MAX_SAFE_INTEGER),
    uid: number("uid", 108, 8, 0, maxId),
    gid: number("gid", 116, 8, 0, maxId),
    size: number("size", 124, 12, 0, Number.MAX_SAFE_INTEGER),
    mtime: number("mtime", 136, 12, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    typeflag: String.fromCharCode(block[156] ?? 0),
    linkName: text(block, 157, 100),
  };
}

/** Major and minor number of a device's header; V7 has none. */
export function decodeDevice(
  block: Buffer,
  format: TarFormat,
  fail: TarFail,
): { readonly major: number; readonly minor: number } {
  if (format === "v7") return { major: 0, minor: 0 };
  const major = parseNumberField(block, 329, 8);
  const minor = parseNumberField(block, 337, 8);
  if (
    major === undefined ||
    major < 0 ||
    major > 0xfff ||
    minor === undefined ||
    minor < 0 ||
    minor > 0xfffff
  )
    throw fail("TAR_NUMBER", "the device number is malformed or more than Linux holds");
  return { major, minor };
}

export function isZeroBlock(block: Buffer): boolean {
  for (let index = 0; index < blockBytes; index++) if (block[index] !== 0) return false;
  return true;
}

/** The sum of all bytes with blanks in the checksum's own place; old tars summed them as signed. */
function checksumMatches(block: Buffer): boolean {
  const recorded = parseNumberField(block, 148, 8);
  let unsigned = 0;
  let high = 0;
  for (let index = 0; index < blockBytes; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : (block[index] ?? 0);
    unsigned += byte;
    high += byte >>> 7;
  }
  return recorded === unsigned || recorded === unsigned - 256 * high;
}

function formatOf(block: Buffer): TarFormat {
  const magic = block.toString("latin1", 257, 265);
  if (magic === "ustar  \0") return "gnu";
  if (!magic.startsWith("ustar\0")) return "v7";
  return block.toString("latin1", 508, 512) === "tar\0" ? "star" : "ustar";
}

function text(block: Buffer, offset: number, length: number): ByteString {
  const end = block.indexOf(0, offset);
  return block.toString(
    "latin1",
    offset,
    end < 0 || end > offset + length ? offset + length : end,
  ) as ByteString;
}
