import { crc32 } from "node:zlib";

/** Number of a filter in a block header (xz-file-format.txt 5.3), and of the check "CRC32" in the stream flags (2.1.1.2). */
const lzma2FilterId = 0x21;
const crc32Check = 1;

const streamFlags = Buffer.from([0, crc32Check]);
const headerMagic = Buffer.from("\xfd7zXZ\0", "latin1");
const footerMagic = Buffer.from("YZ", "latin1");

/** Of a filter that takes no properties, number and length of properties take one byte each. */
const filterWithoutProperties = (id: number): readonly number[] => [id, 0];

export interface XzBlock {
  /** What the block unpacks to. */
  readonly uncompressed: Uint8Array;
  /** Its raw LZMA2 chunks, end marker included. */
  readonly lzma2: Uint8Array;
  /** Bytes of the dictionary: a power of two from 4,096. */
  readonly dictionarySize: number;
  /** Number of the branch filter that was applied before LZMA2. */
  readonly branchFilterId?: number | undefined;
}

/**
 * One .xz stream of one block (xz-file-format.txt 1.2.0). Its check is CRC32: the kernel's reader knows no other and refuses the
 * format's usual CRC64.
 */
export function xzStream(block: XzBlock): Buffer {
  const header = blockHeader(block);
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(block.uncompressed));
  const unpaddedSize = header.length + block.lzma2.length + check.length;
  const index = withCrc32(
    padded([0, 1, ...variableLength(unpaddedSize), ...variableLength(block.uncompressed.length)]),
  );
  return Buffer.concat([
    headerMagic,
    withCrc32(streamFlags),
    header,
    block.lzma2,
    Buffer.alloc(-block.lzma2.length & 3),
    check,
    index,
    footer(index.length),
  ]);
}

/** Section 3.1, without the optional sizes: the index has them. */
function blockHeader({ dictionarySize, branchFilterId }: XzBlock): Buffer {
  const filters = [
    ...(branchFilterId === undefined ? [] : filterWithoutProperties(branchFilterId)),
    lzma2FilterId,
    1,
    dictionarySizeCode(dictionarySize),
  ];
  const countMinusOne = branchFilterId === undefined ? 0 : 1;
  const header = padded([0, countMinusOne, ...filters]);
  const crcLength = 4;
  header[0] = (header.length + crcLength) / 4 - 1;
  return withCrc32(header);
}

/** Section 5.3.1: even codes are the powers of two, 0 is 4 KiB. */
function dictionarySizeCode(size: number): number {
  return 2 * (Math.log2(size) - 12);
}

/** Section 2.1.2. */
function footer(indexLength: number): Buffer {
  const sizeAndFlags = Buffer.alloc(6);
  sizeAndFlags.writeUInt32LE(indexLength / 4 - 1);
  streamFlags.copy(sizeAndFlags, 4);
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(sizeAndFlags));
  return Buffer.concat([check, sizeAndFlags, footerMagic]);
}

/** Section 1.2: seven bits a byte, the lowest first. */
function variableLength(value: number): number[] {
  const bytes = [];
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

function padded(bytes: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(bytes), Buffer.alloc(-bytes.length & 3)]);
}

function withCrc32(bytes: Buffer): Buffer {
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(bytes));
  return Buffer.concat([bytes, check]);
}
