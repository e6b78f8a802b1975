import { commonLength, lastMatchStart, matchEndLimit, maxDistance, minMatchLength } from "./lz4-block.ts";

/** At each byte of a block the longest match found there: 0 where there is none. */
export interface Matches {
  readonly lengths: Int32Array;
  readonly distances: Uint16Array;
}

const hashBits = 15;
/** How many earlier places are looked at for a better match. */
const maxTries = 128;
/** A match of so many bytes is not improved upon, at this byte or the next ones that it covers. */
const longEnough = 64;
/** How many of the latest words of a match are considered when the rarest is sought. */
const rarestAmong = 16;

/**
 * For every position a link to the one before that has the same hash of four bytes, as a distance; the longest one also stands for
 * none. That it leads to the same bytes is not certain.
 */
type Links = Uint16Array;

/** Answers a function that fills the same memory anew for each block of at most `longestBlock` bytes. */
export function createMatchFinder(longestBlock: number): (bytes: DataView) => Matches {
  const heads = new Int32Array(2 ** hashBits);
  const links: Links = new Uint16Array(longestBlock);
  const matches = { lengths: new Int32Array(longestBlock), distances: new Uint16Array(longestBlock) };
  return (bytes) => {
    linkPositions(bytes, heads, links);
    findLongestMatches(bytes, links, matches);
    return matches;
  };
}

function linkPositions(bytes: DataView, heads: Int32Array, links: Links): void {
  heads.fill(-maxDistance);
  for (let at = 0; at <= bytes.byteLength - minMatchLength; at++) {
    const hash = Math.imul(bytes.getInt32(at, true), 0x9e3779b1) >>> (32 - hashBits);
    links[at] = Math.min(at - (heads[hash] ?? 0), maxDistance);
    heads[hash] = at;
  }
}

function findLongestMatches(bytes: DataView, links: Links, matches: Matches): void {
  const { lengths, distances } = matches;
  const firstWithout = Math.max(lastMatchStart(bytes.byteLength) + 1, 0);
  const limit = matchEndLimit(bytes.byteLength);
  let length = 0;
  let distance = 0;
  for (let at = 0; at < firstWithout; at++) {
    // The match of the byte before goes on here.
    length = Math.max(length - 1, minMatchLength - 1);
    distances[at] = distance;
    if (length < longEnough && at + length < limit) {
      length = improveMatch(bytes, links, at, length, distances);
      distance = distances[at] ?? 0;
    }
    lengths[at] = length < minMatchLength ? 0 : length;
  }
  lengths.fill(0, firstWithout, bytes.byteLength);
}

/**
 * Looks for a match at `at` of more than `length` bytes, notes its distance and answers its length. Each word of a match of `length`
 * bytes occurs in every longer one, so the search follows the links of the word that is rarest.
 */
function improveMatch(
  bytes: DataView,
  links: Links,
  at: number,
  length: number,
  distances: Uint16Array,
): number {
  const limit = matchEndLimit(bytes.byteLength);
  const farthest = Math.max(at - maxDistance, 0);
  const firstWord = bytes.getInt32(at, true);
  // The word that ends with the byte which the match so far lacks.
  let lastWord = bytes.getInt32(at + length - 3, true);
  let rarest = rarestWord(links, at, length - 3);
  let candidate = at;
  for (let tries = 0; tries < maxTries; tries++) {
    candidate -= links[candidate + rarest] ?? maxDistance;
    if (candidate < farthest) break;
    if (bytes.getInt32(candidate + length - 3, true) !== lastWord) continue;
    if (bytes.getInt32(candidate, true) !== firstWord) continue;
    const found =
      minMatchLength + commonLength(bytes, at + minMatchLength, candidate + minMatchLength, limit);
    if (found <= length) continue;
    length = found;
    distances[at] = at - candidate;
    if (length >= longEnough || at + length >= limit) break;
    lastWord = bytes.getInt32(at + length - 3, true);
    rarest = rarestWord(links, candidate, length - 4);
  }
  return length;
}

/** Of the words that start at `at` up to `at + last` the one that lies farthest from the word before it, as an offset. */
function rarestWord(links: Links, at: number, last: number): number {
  let rarest = last;
  let longestLink = 0;
  for (let offset = Math.max(last - rarestAmong, 0); offset <= last; offset++) {
    const link = links[at + offset] ?? 0;
    if (link <= longestLink) continue;
    longestLink = link;
    rarest = offset;
  }
  return rarest;
}
