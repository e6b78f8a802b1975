import type { SquashfsBlockSize } from "../options.ts";
import { compressionIds, metadataChunkBytes, type Compressor } from "./compressor.ts";
import {
  commonLength,
  encodedCapacity,
  lastMatchStart,
  lz4Options,
  matchEndLimit,
  maxDistance,
  minMatchLength,
  viewOf,
  writeLastLiterals,
  writeSequence,
  type Lz4Output,
} from "./lz4-block.ts";

const hashBits = 14;
/** Below any position by more than the longest distance: stands for none. */
const noPosition = -maxDistance - 1;
/** After 2^this bytes without a match, two are taken at a time, and so on: what does not compress is passed quickly. */
const skipTrigger = 6;

/** lz4's fast encoder: a match where four bytes have been seen before at the place that a hash remembers, as long as it goes. */
export function createLz4Compressor(blockSize: SquashfsBlockSize): Compressor {
  const table = new Int32Array(2 ** hashBits);
  const encoded = new Uint8Array(encodedCapacity(Math.max(blockSize, metadataChunkBytes)));
  const encodedView = viewOf(encoded);
  return {
    id: compressionIds.lz4,
    options: lz4Options(false),
    compress(block) {
      table.fill(noPosition);
      const length = encodeFast({ source: block, sourceView: viewOf(block), encoded, encodedView }, table);
      return length < block.length ? encoded.subarray(0, length) : undefined;
    },
  };
}

function encodeFast(output: Lz4Output, table: Int32Array): number {
  const { sourceView: bytes } = output;
  const lastStart = lastMatchStart(bytes.byteLength);
  const limit = matchEndLimit(bytes.byteLength);
  let end = 0;
  let literals = 0;
  let tries = 1 << skipTrigger;
  for (let at = 0; at <= lastStart;) {
    const word = bytes.getInt32(at, true);
    const hash = hashOf(word);
    const candidate = table[hash] ?? noPosition;
    table[hash] = at;
    if (at - candidate > maxDistance || bytes.getInt32(candidate, true) !== word) {
      at += tries++ >> skipTrigger;
      continue;
    }
    const start = at - commonLengthBefore(bytes, at, candidate, literals);
    const matchEnd =
      at + minMatchLength + commonLength(bytes, at + minMatchLength, candidate + minMatchLength, limit);
    end = writeSequence(output, end, literals, start, matchEnd - start, at - candidate);
    at = literals = matchEnd;
    tries = 1 << skipTrigger;
    table[hashOf(bytes.getInt32(at - 2, true))] = at - 2;
  }
  return writeLastLiterals(output, end, literals);
}

function hashOf(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> (32 - hashBits);
}

/** How many bytes before `at`, down to `limit`, are the same as those before `earlier`. */
function commonLengthBefore(bytes: DataView, at: number, earlier: number, limit: number): number {
  const longest = Math.min(at - limit, earlier);
  let length = 0;
  while (length < longest && bytes.getUint8(at - length - 1) === bytes.getUint8(earlier - length - 1))
    length++;
  return length;
}
