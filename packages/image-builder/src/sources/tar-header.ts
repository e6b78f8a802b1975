import {
  bytesOf,
  type ByteString,
  type DataRegion,
  type Timestamp,
  type Xattrs,
} from "@bootlayer/rootfs-tree";

/** What a header says of one name. */
export interface TarHeaderFields {
  readonly typeflag: "0" | "1" | "2" | "3" | "4" | "5" | "6";
  /** With a slash at its end if it is a directory. */
  readonly path: ByteString;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  /** Bytes that follow. */
  readonly storedBytes?: number;
  readonly linkTarget?: ByteString | undefined;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
  readonly xattrs?: Xattrs | undefined;
  /** Of a file with holes, whose data alone is stored. */
  readonly sparse?: { readonly size: number; readonly regions: readonly DataRegion[] } | undefined;
}

export const blockBytes = 512;

/**
 * The blocks in front of an entry's data: a ustar header, and before it an extended header of what that cannot hold
 * (POSIX pax; GNU tar manual, "Storing Sparse Files", format 0.1; star's `SCHILY.xattr.*`). Names and values are bytes:
 * no library writes them so.
 */
export function encodeTarHeader(fields: TarHeaderFields): Buffer {
  const {
    typeflag,
    path,
    mode,
    uid,
    gid,
    mtime,
    storedBytes = 0,
    linkTarget,
    device,
    xattrs,
    sparse,
  } = fields;
  const records: Buffer[] = [];
  const record = (key: string, value: Uint8Array | string): void =>
    void records.push(
      paxRecord(Buffer.from(key, "latin1"), typeof value === "string" ? Buffer.from(value, "latin1") : value),
    );
  const text = (key: string, value: ByteString): void => {
    if (value.length > 100) record(key, bytesOf(value));
  };
  const number = (key: string, value: number, digits: number): number => {
    if (value < 8 ** digits) return value;
    record(key, String(value));
    return 0;
  };
  text("path", path);
  if (linkTarget !== undefined) text("linkpath", linkTarget);
  const header = Buffer.alloc(blockBytes);
  header.write(path.slice(0, 100), 0, "latin1");
  header.write((linkTarget ?? "").slice(0, 100), 157, "latin1");
  octal(header, 100, 7, mode);
  octal(header, 108, 7, number("uid", uid, 7));
  octal(header, 116, 7, number("gid", gid, 7));
  octal(header, 124, 11, number("size", storedBytes, 11));
  octal(header, 136, 11, mtime.seconds >= 0 && mtime.seconds < 8 ** 11 ? mtime.seconds : 0);
  if (mtime.nanoseconds > 0 || mtime.seconds < 0 || mtime.seconds >= 8 ** 11)
    record("mtime", decimalTime(mtime));
  for (const [name, value] of xattrs ?? []) {
    // The first equals sign ends a key: such names are written as libarchive does.
    if (name.includes("="))
      record(`LIBARCHIVE.xattr.${percent(name)}`, Buffer.from(value).toString("base64"));
    else record(`SCHILY.xattr.${name}`, value);
  }
  if (sparse !== undefined) {
    // GNU tar ends each map with an empty region.
    const regions = [...sparse.regions, { offset: sparse.size, length: 0 }];
    record("GNU.sparse.size", String(sparse.size));
    record("GNU.sparse.numblocks", String(regions.length));
    record("GNU.sparse.map", regions.map(({ offset, length }) => `${offset},${length}`).join(","));
  }
  header.write(typeflag, 156);
  header.write("ustar\u000000", 257, "latin1");
  octal(header, 329, 7, device?.major ?? 0);
  octal(header, 337, 7, device?.minor ?? 0);
  checksum(header);
  return records.length === 0 ? header : Buffer.concat([extendedHeader(Buffer.concat(records)), header]);
}

function extendedHeader(records: Buffer): Buffer {
  const header = Buffer.alloc(blockBytes);
  header.write("PaxHeaders/entry", 0);
  octal(header, 100, 7, 0o644);
  octal(header, 108, 7, 0);
  octal(header, 116, 7, 0);
  octal(header, 124, 11, records.length);
  octal(header, 136, 11, 0);
  header.write("x", 156);
  header.write("ustar\u000000", 257, "latin1");
  checksum(header);
  return Buffer.concat([header, records, Buffer.alloc(padding(records.length))]);
}

/** `LENGTH KEY=VALUE\n`, where the length counts its own digits. */
function paxRecord(key: Uint8Array, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (rest + String(length).length > length) length++;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from("="), value, Buffer.from("\n")]);
}

function octal(header: Buffer, offset: number, digits: number, value: number): void {
  header.write(value.toString(8).padStart(digits, "0"), offset, "latin1");
}

function checksum(header: Buffer): void {
  header.fill(" ", 148, 156);
  octal(
    header,
    148,
    6,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  header.writeUInt8(0, 154);
}

/** Before 1970 the whole is counted back: -1 s and 900,000,000 ns are -0.1. */
function decimalTime({ seconds, nanoseconds }: Timestamp): string {
  if (seconds >= 0 || nanoseconds === 0) return `${seconds}.${String(nanoseconds).padStart(9, "0")}`;
  return `-${-seconds - 1}.${String(1_000_000_000 - nanoseconds).padStart(9, "0")}`;
}

function percent(name: string): string {
  return name.replace(
    /[%=]|[^\x21-\x7e]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/** Bytes that fill the last block of a body. */
export function padding(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}
