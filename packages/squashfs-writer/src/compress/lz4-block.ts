/**
 * The raw block format of lz4 (lz4_Block_format.md): sequences, each a token, literals and a copy of bytes that came before; the last
 * one has literals only. No frame, no header: the image says how long a block becomes.
 */

export const minMatchLength = 4;
export const maxDistance = 65535;
/** The last match starts at least so many bytes before the end. */
const matchStartMargin = 12;
/** The last bytes of a block are literals. */
const lastLiterals = 5;
/** Up to so many bytes are copied by words; longer pieces by the runtime's own copy, which costs more to call. */
const wordCopyLimit = 64;

/** Where in a block of so many bytes the last match may start; negative: there is room for none. */
export function lastMatchStart(blockLength: number): number {
  return blockLength - matchStartMargin;
}

/** Where matches in a block of so many bytes must have ended. */
export function matchEndLimit(blockLength: number): number {
  return blockLength - lastLiterals;
}

/** Bytes that `length` takes beyond the token's four bits, of which 15 says that more follow. */
export function extraLengthBytes(length: number): number {
  return length < 15 ? 0 : 1 + Math.floor((length - 15) / 255);
}

/** Length of the longest encoding of so many bytes, and room to copy words past its end. */
export function encodedCapacity(blockLength: number): number {
  return blockLength + extraLengthBytes(blockLength) + 16;
}

/** A block and the memory that its encoding goes to; views of the same bytes side by side. */
export interface Lz4Output {
  readonly source: Uint8Array;
  readonly sourceView: DataView;
  readonly encoded: Uint8Array;
  readonly encodedView: DataView;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/**
 * Writes a sequence at `at`: the literals from `literals` up to `match`, then `matchLength` bytes from `distance` before `match`.
 * Answers where the next one goes.
 */
export function writeSequence(
  output: Lz4Output,
  at: number,
  literals: number,
  match: number,
  matchLength: number,
  distance: number,
): number {
  const { encodedView } = output;
  const literalCount = match - literals;
  const copied = matchLength - minMatchLength;
  encodedView.setUint8(at, (Math.min(literalCount, 15) << 4) | Math.min(copied, 15));
  let end = writeExtraLength(encodedView, at + 1, literalCount);
  end = copyLiterals(output, end, literals, literalCount);
  encodedView.setUint16(end, distance, true);
  return writeExtraLength(encodedView, end + 2, copied);
}

/** Writes the last sequence: literals from `literals` to the block's end. Answers the encoding's length. */
export function writeLastLiterals(
  { source, encoded, encodedView }: Lz4Output,
  at: number,
  literals: number,
): number {
  const count = source.length - literals;
  encodedView.setUint8(at, Math.min(count, 15) << 4);
  const end = writeExtraLength(encodedView, at + 1, count);
  encoded.set(source.subarray(literals), end);
  return end + count;
}

function writeExtraLength(encodedView: DataView, at: number, length: number): number {
  if (length < 15) return at;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) encodedView.setUint8(at++, 255);
  encodedView.setUint8(at, rest);
  return at + 1;
}

/** A match follows, so the block goes on for a word at least. */
function copyLiterals(output: Lz4Output, at: number, from: number, count: number): number {
  const { source, sourceView, encoded, encodedView } = output;
  if (count > wordCopyLimit) encoded.set(source.subarray(from, from + count), at);
  else
    for (let copied = 0; copied < count; copied += 4)
      encodedView.setInt32(at + copied, sourceView.getInt32(from + copied, true), true);
  return at + count;
}

/** How many bytes from `at` on are the same as from `earlier` on, up to `limit`. */
export function commonLength(bytes: DataView, at: number, earlier: number, limit: number): number {
  const start = at;
  for (; at <= limit - 4; at += 4, earlier += 4) {
    const difference = bytes.getInt32(at, true) ^ bytes.getInt32(earlier, true);
    if (difference !== 0) return at - start + (trailingZeros(difference) >> 3);
  }
  for (; at < limit && bytes.getUint8(at) === bytes.getUint8(earlier); at++) earlier++;
  return at - start;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/**
 * The image's options for lz4, which readers insist on: 1, for blocks without a frame, and whether the high-compression encoder
 * made them.
 */
export function lz4Options(highCompression: boolean): Uint8Array {
  const options = Buffer.alloc(8);
  options.writeUInt32LE(1, 0);
  options.writeUInt32LE(highCompression ? 1 : 0, 4);
  return options;
}
