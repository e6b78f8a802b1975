import { byteStringOf, displayText, type ByteString, type Timestamp } from "@bootlayer/rootfs-tree";
import type { TarFail } from "../errors.ts";
import type { LayerLimits } from "../limits.ts";
import { parseDecimal } from "./number.ts";

/** One record of an extended header (POSIX pax, "pax Extended Header"). The value is bytes, in no encoding. */
export interface PaxRecord {
  readonly key: ByteString;
  /** A view into the block that was parsed. */
  readonly value: Buffer;
}

/** What extended headers say of the entry that follows; what is absent stands in its header. */
export interface PaxAttributes {
  readonly path?: ByteString | undefined;
  readonly linkPath?: ByteString | undefined;
  readonly size?: number | undefined;
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  readonly mtime?: Timestamp | undefined;
  /** From `SCHILY.xattr.*`: the bytes as they are. */
  readonly xattrs: ReadonlyMap<ByteString, Uint8Array>;
  /** From `LIBARCHIVE.xattr.*`, decoded: count only where SCHILY does not have the name. */
  readonly libarchiveXattrs: ReadonlyMap<ByteString, Uint8Array>;
  /** `GNU.sparse.*` without that prefix; of repeated ones (format 0.0) all, in order. */
  readonly sparse: ReadonlyMap<string, readonly ByteString[]>;
}

export const noPaxAttributes: PaxAttributes = {
  xattrs: new Map(),
  libarchiveXattrs: new Map(),
  sparse: new Map(),
};

const space = 0x20;
const equals = 0x3d;
const newline = 0x0a;

/**
 * Splits a block into its records, `LENGTH KEY=VALUE\n`. The length decides where a record ends, so a value may hold
 * newlines and NULs; the first `=` ends the key.
 *
 * @throws {TarError} TAR_PAX.
 */
export function parsePaxRecords(block: Buffer, fail: TarFail): PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < block.length;) {
    const blank = block.indexOf(space, at);
    const length =
      blank < 0 || blank - at > 8 ? undefined : parseDecimal(block.toString("latin1", at, blank));
    const end = at + (length ?? 0);
    if (length === undefined || end <= blank + 1 || end > block.length || block[end - 1] !== newline)
      throw fail("TAR_PAX", "a PAX record's length does not fit");
    const sign = block.indexOf(equals, blank + 1);
    if (sign <= blank + 1 || sign > end - 2) throw fail("TAR_PAX", "a PAX record has no key or no value");
    const key = block.toString("latin1", blank + 1, sign) as ByteString;
    if (key.includes("\0")) throw fail("TAR_PAX", "a PAX record's key has a NUL");
    records.push({ key, value: block.subarray(sign + 1, end - 1) });
    at = end;
  }
  return records;
}

/** Whether records speak of the next entry alone (typeflag `x`) or of all that follow (`g`). */
export type PaxScope = "entry" | "global";

/** What only makes sense for a single entry, and would shift the reading of every later one. */
const entryOnly = /^(path|linkpath|size|GNU\.sparse\..*)$/s;

/**
 * Adds a block's records to what earlier blocks said: later ones win, and an empty value takes a record back, except
 * of an xattr, which may be empty.
 *
 * @throws {TarError} TAR_PAX, TAR_NUMBER, TAR_NAME, or TAR_LIMIT for an xattr over the limits.
 */
export function applyPaxRecords(
  before: PaxAttributes,
  records: readonly PaxRecord[],
  scope: PaxScope,
  limits: LayerLimits,
  fail: TarFail,
): PaxAttributes {
  const after: { -readonly [Key in keyof PaxAttributes]: PaxAttributes[Key] } = { ...before };
  // Most entries have neither: they share one empty map each.
  let sparse: Map<string, ByteString[]> | undefined;
  for (const { key, value } of records) {
    if (scope === "global" && entryOnly.test(key))
      throw fail("TAR_PAX", `a global PAX header sets ${displayText(key)}`);
    switch (key) {
      case "path":
        after.path = textValue(key, value, fail);
        break;
      case "linkpath":
        after.linkPath = textValue(key, value, fail);
        break;
      case "size":
        after.size = decimalValue(key, value, Number.MAX_SAFE_INTEGER, fail);
        break;
      case "uid":
        after.uid = decimalValue(key, value, maxId, fail);
        break;
      case "gid":
        after.gid = decimalValue(key, value, maxId, fail);
        break;
      case "mtime":
        after.mtime = timeValue(value, fail);
        break;
      default:
        if (key.startsWith(schilyPrefix)) {
          const name = key.slice(schilyPrefix.length) as ByteString;
          after.xattrs = withXattr(after.xattrs, name, Uint8Array.from(value), limits, fail);
        } else if (key.startsWith(libarchivePrefix)) {
          const name = decodePercent(key.slice(libarchivePrefix.length));
          const decoded = decodeBase64(value, fail);
          after.libarchiveXattrs = withXattr(after.libarchiveXattrs, name, decoded, limits, fail);
        } else if (key.startsWith(sparsePrefix)) {
          const name = key.slice(sparsePrefix.length);
          sparse ??= new Map([...before.sparse].map(([name, values]) => [name, [...values]]));
          const values = sparse.get(name);
          if (values !== undefined && repeated.has(name)) values.push(byteStringOf(value));
          else sparse.set(name, [byteStringOf(value)]);
        }
    }
  }
  return sparse === undefined ? after : { ...after, sparse };
}

const schilyPrefix = "SCHILY.xattr.";
const libarchivePrefix = "LIBARCHIVE.xattr.";
const sparsePrefix = "GNU.sparse.";
const repeated: ReadonlySet<string> = new Set(["offset", "numbytes"]);
const maxId = 2 ** 32 - 1;

function textValue(key: string, value: Buffer, fail: TarFail): ByteString | undefined {
  if (value.includes(0)) throw fail("TAR_NAME", `PAX ${key} has a NUL`);
  return value.length === 0 ? undefined : byteStringOf(value);
}

function decimalValue(key: string, value: Buffer, maximum: number, fail: TarFail): number | undefined {
  if (value.length === 0) return undefined;
  const number = parseDecimal(byteStringOf(value));
  if (number === undefined || number > maximum)
    throw fail("TAR_NUMBER", `PAX ${key} is malformed or out of range`);
  return number;
}

/** Seconds with a sign and any number of decimals; those beyond nanoseconds are cut off. */
function timeValue(value: Buffer, fail: TarFail): Timestamp | undefined {
  if (value.length === 0) return undefined;
  const [, sign, whole, fraction = ""] = /^(-?)(\d{1,16})(?:\.(\d*))?$/.exec(byteStringOf(value)) ?? [];
  const seconds = parseDecimal(whole ?? "");
  if (seconds === undefined) throw fail("TAR_NUMBER", "PAX mtime is malformed or out of range");
  const nanoseconds = Number(fraction.slice(0, 9).padEnd(9, "0"));
  if (sign !== "-") return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds: 0 }
    : { seconds: -seconds - 1, nanoseconds: 1_000_000_000 - nanoseconds };
}

function withXattr(
  xattrs: ReadonlyMap<ByteString, Uint8Array>,
  name: ByteString,
  value: Uint8Array,
  limits: LayerLimits,
  fail: TarFail,
): ReadonlyMap<ByteString, Uint8Array> {
  if (name === "" || name.includes("\0")) throw fail("TAR_PAX", "an xattr has no name, or a NUL in it");
  if (name.length > limits.xattrNameBytes)
    throw fail("TAR_LIMIT", `an xattr's name is over ${limits.xattrNameBytes} bytes`);
  if (value.length > limits.xattrValueBytes)
    throw fail("TAR_LIMIT", `xattr ${displayText(name)} is over ${limits.xattrValueBytes} bytes`);
  if (xattrs.size >= limits.xattrs && !xattrs.has(name))
    throw fail("TAR_LIMIT", `it has more than ${limits.xattrs} xattrs`);
  return new Map([...xattrs, [name, value]]);
}

/** libarchive writes bytes of a name outside printable ASCII, and `%` and `=`, as `%XX`. */
function decodePercent(text: string): ByteString {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  ) as ByteString;
}

/** Base 64 with or without padding at its end. */
function decodeBase64(value: Buffer, fail: TarFail): Uint8Array {
  const text = byteStringOf(value);
  const digits = text.replace(/={1,2}$/, "");
  const isPadded = digits.length < text.length;
  if (/[^A-Za-z0-9+/]/.test(digits) || digits.length % 4 === 1 || (isPadded && text.length % 4 !== 0))
    throw fail("TAR_PAX", "a LIBARCHIVE xattr is no base 64");
  return Uint8Array.from(Buffer.from(digits, "base64"));
}
