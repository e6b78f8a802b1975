import { commonLength, lastMatchStart, matchEndLimit, maxDistance, minMatchLength } from "./lz4-block.ts";

/** At each byte of a block the longest match found there: 0 where there is none. */
export interface Matches {
  readonly lengths: Int32Array;
  readonly distances: Uint16Array;
}

const hashBits = 16;
/** How many earlier places are looked at for a better match. */
const maxTries = 128;
/** A match of so many bytes is not improved upon, at this byte or the next ones that it covers. */
const longEnough = 64;
/** How many of the latest words of a match are considered when the rarest is sought. */
const rarestAmong = 16;

/**
 * For every position a link to the one before that has the same hash of its next bytes, as a distance; the longest one also stands
 * for none. That it leads to the same bytes is not certain.
 */
type Links = Uint16Array;

/** Links by four bytes find any match; those by eight, among fewer places, the ones of eight bytes or more. */
interface BlockLinks {
  readonly byFour: Links;
  readonly byEight: Links;
}

/** Answers a function that fills the same memory anew for each block of at most `longestBlock` bytes. */
export function createMatchFinder(longestBlock: number): (bytes: DataView) => Matches {
  const heads = { byFour: new Int32Array(2 ** hashBits), byEight: new Int32Array(2 ** hashBits) };
  const links = { byFour: new Uint16Array(longestBlock), byEight: new Uint16Array(longestBlock) };
  const matches = { lengths: new Int32Array(longestBlock), distances: new Uint16Array(longestBlock) };
  return (bytes) => {
    linkPositions(bytes, heads, links);
    findLongestMatches(bytes, links, matches);
    return matches;
  };
}

/** `heads` has, by hash, the latest position. */
function linkPositions(
  bytes: DataView,
  heads: Readonly<Record<keyof BlockLinks, Int32Array>>,
  { byFour, byEight }: BlockLinks,
): void {
  const { byFour: headsByFour, byEight: headsByEight } = heads;
  headsByFour.fill(-maxDistance);
  headsByEight.fill(-maxDistance);
  const last = bytes.byteLength - 8;
  for (let at = 0; at <= last; at++) {
    const product = Math.imul(bytes.getInt32(at, true), 0x9e3779b1);
    const hash = product >>> (32 - hashBits);
    byFour[at] = Math.min(at - (headsByFour[hash] ?? 0), maxDistance);
    headsByFour[hash] = at;
    const mixed = product ^ bytes.getInt32(at + 4, true);
    const longHash = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca77) >>> (32 - hashBits);
    byEight[at] = Math.min(at - (headsByEight[longHash] ?? 0), maxDistance);
    headsByEight[longHash] = at;
  }
}

function findLongestMatches(bytes: DataView, links: BlockLinks, matches: Matches): void {
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
  links: BlockLinks,
  at: number,
  length: number,
  distances: Uint16Array,
): number {
  const limit = matchEndLimit(bytes.byteLength);
  const farthest = Math.max(at - maxDistance, 0);
  const firstWord = bytes.getInt32(at, true);
  // The word that ends with the byte which the match so far lacks.
  let lastWord = bytes.getInt32(at + length - 3, true);
  let followed = length < 7 ? links.byFour : links.byEight;
  let rarest = rarestWord(followed, at, length - (length < 7 ? 3 : 7));
  let candidate = at;
  for (let tries = 0; tries < maxTries; tries++) {
    candidate -= followed[candidate + rarest] ?? maxDistance;
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
    followed = length < 8 ? links.byFour : links.byEight;
    rarest = rarestWord(followed, candidate, length - (length < 8 ? 4 : 8));
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
