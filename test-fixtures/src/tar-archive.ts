/**
 * Tar archives byte for byte as asked, lies included (POSIX pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar
 * Format"). Libraries correct what they are given; tests of a reader need archives that nothing corrects.
 */

const BLOCK_BYTES = 512;

const TYPEFLAGS = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
} as const;

export type TarEntryKind = keyof typeof TYPEFLAGS;

export interface TarEntry {
  /** As written: no slash is added or removed. Text is taken as UTF-8. */
  readonly name: string | Uint8Array;
  /** A kind, or any one character as a raw typeflag (`"g"`, `"S"`, `"\0"`). Default: a file. */
  readonly type?: TarEntryKind | (string & {});
  /** Default: 0755 for directories, 0777 for symbolic links, 0644 for all else. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Whole seconds since 1970, negative too; a fraction goes into `pax.mtime`. */
  readonly mtime?: number;
  readonly linkTarget?: string | Uint8Array;
  readonly content?: string | Uint8Array;
  /** What the header claims, where it is not the length of `content`; the body is written as it is. */
  readonly size?: number;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Records of an extended header written before the entry, in this order. */
  readonly pax?: Readonly<Record<string, string | Uint8Array>>;
  /** The magic, and how a name over 100 bytes is written: split or a PAX record (ustar), or an `L`/`K` entry (gnu). */
  readonly format?: "ustar" | "gnu";
}

/**
 * The archive of these entries. Numbers that do not fit in octal are written in base 256, as GNU tar does.
 * `endBlocks: false` leaves out the two zero blocks at the end.
 */
export function tarArchive(
  entries: readonly TarEntry[],
  { endBlocks = true }: { readonly endBlocks?: boolean } = {},
): Buffer {
  const blocks = entries.flatMap(entryBlocks);
  return Buffer.concat(endBlocks ? [...blocks, Buffer.alloc(2 * BLOCK_BYTES)] : blocks);
}

/** Records of a PAX extended header, `LENGTH KEY=VALUE\n` each; also the content of a global header (typeflag `g`). */
export function paxRecords(records: Readonly<Record<string, string | Uint8Array>>): Buffer {
  return Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, value)));
}

function paxRecord(key: string, value: string | Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), bytesOf(value), Buffer.from("\n")]);
  // The length counts its own digits.
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function entryBlocks(entry: TarEntry): Buffer[] {
  const format = entry.format ?? "ustar";
  const typeflag = typeflagOf(entry.type ?? "file");
  const name = bytesOf(entry.name);
  const linkTarget = bytesOf(entry.linkTarget ?? "");
  const content = bytesOf(entry.content ?? "");
  const split = format === "ustar" ? splitName(name) : undefined;
  const nameFits = name.length <= 100 || split !== undefined;

  const before: Buffer[] = [];
  const pax: Record<string, string | Uint8Array> = { ...entry.pax };
  if (format === "gnu") {
    if (linkTarget.length > 100) before.push(...gnuLongEntry("K", linkTarget));
    if (!nameFits) before.push(...gnuLongEntry("L", name));
  } else {
    if (linkTarget.length > 100) pax["linkpath"] ??= linkTarget;
    if (!nameFits) pax["path"] ??= name;
  }
  if (Object.keys(pax).length > 0) {
    const records = paxRecords(pax);
    before.push(
      header({
        format,
        typeflag: "x",
        name: Buffer.from("PaxHeaders/entry"),
        size: records.length,
        mode: 0o644,
      }),
      padded(records),
    );
  }
  return [
    ...before,
    header({
      format,
      typeflag,
      name: split?.name ?? name.subarray(0, 100),
      prefix: split?.prefix ?? Buffer.alloc(0),
      linkTarget: linkTarget.subarray(0, 100),
      mode: entry.mode ?? defaultMode(typeflag),
      uid: entry.uid ?? 0,
      gid: entry.gid ?? 0,
      mtime: entry.mtime ?? 0,
      size: entry.size ?? content.length,
      ...(entry.device === undefined ? {} : { device: entry.device }),
    }),
    padded(content),
  ];
}

function gnuLongEntry(typeflag: "L" | "K", value: Buffer): Buffer[] {
  const body = Buffer.concat([value, Buffer.alloc(1)]);
  const name = Buffer.from("././@LongLink");
  return [header({ format: "gnu", typeflag, name, size: body.length, mode: 0o644 }), padded(body)];
}

interface HeaderFields {
  readonly format: "ustar" | "gnu";
  readonly typeflag: string;
  readonly name: Buffer;
  readonly prefix?: Buffer;
  readonly linkTarget?: Buffer;
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly size: number;
  readonly device?: { readonly major: number; readonly minor: number };
}

function header(fields: HeaderFields): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  fields.name.copy(block, 0);
  writeNumber(block, 100, 8, fields.mode);
  writeNumber(block, 108, 8, fields.uid ?? 0);
  writeNumber(block, 116, 8, fields.gid ?? 0);
  writeNumber(block, 124, 12, fields.size);
  writeNumber(block, 136, 12, fields.mtime ?? 0);
  block.write(fields.typeflag, 156, 1, "latin1");
  fields.linkTarget?.copy(block, 157);
  block.write(fields.format === "gnu" ? "ustar  \0" : "ustar\x0000", 257, 8, "latin1");
  if (fields.device !== undefined) {
    writeNumber(block, 329, 8, fields.device.major);
    writeNumber(block, 337, 8, fields.device.minor);
  }
  fields.prefix?.copy(block, 345);
  return withChecksum(block);
}

/** A 512-byte header with its checksum made right, in place: for headers that a test has altered by hand. */
export function withChecksum(block: Buffer): Buffer {
  block.write("        ", 148, 8, "latin1");
  const sum = block.subarray(0, BLOCK_BYTES).reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
  return block;
}

function writeNumber(block: Buffer, offset: number, width: number, value: number): void {
  if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number: put it into pax`);
  const octal = value.toString(8);
  if (value >= 0 && octal.length < width) {
    block.write(`${octal.padStart(width - 1, "0")}\0`, offset, width, "latin1");
    return;
  }
  // Base 256: two's complement, big-endian, with the top bit of the field set.
  let rest = BigInt.asUintN(width * 8, BigInt(value));
  for (let index = width - 1; index >= 0; index -= 1) {
    block[offset + index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[offset] = value < 0 ? 0xff : 0x80;
}

/** Where a name over 100 bytes can be cut at a slash so that both fields hold it: prefix at most 155, name at most 100. */
function splitName(name: Buffer): { readonly prefix: Buffer; readonly name: Buffer } | undefined {
  if (name.length <= 100 || name.length > 256) return undefined;
  const cut = name.indexOf("/", name.length - 101);
  if (cut < 1 || cut > 155 || cut === name.length - 1) return undefined;
  return { prefix: name.subarray(0, cut), name: name.subarray(cut + 1) };
}

function defaultMode(typeflag: string): number {
  if (typeflag === TYPEFLAGS.directory) return 0o755;
  return typeflag === TYPEFLAGS.symlink ? 0o777 : 0o644;
}

function typeflagOf(type: string): string {
  const known = Object.entries(TYPEFLAGS).find(([kind]) => kind === type);
  if (known !== undefined) return known[1];
  if (type.length !== 1) throw new Error(`"${type}" is neither a kind of entry nor one character`);
  return type;
}

function bytesOf(value: string | Uint8Array): Buffer {
  return Buffer.from(value);
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(-content.length & (BLOCK_BYTES - 1))]);
}
