import { extraLengthBytes, minMatchLength } from "./lz4-block.ts";

/** Token and distance. */
const matchBytes = 3;
/** A match is tried up to so many bytes shorter: more hardly ever helps what follows. */
const shorteningsTried = 2;
/** The longest match that needs no byte of its own for its length: tried too where a longer one does. */
const longestInToken = minMatchLength + 14;

/**
 * Answers a function that chooses among the longest matches at each of `count` positions, in place: a length is shortened to what
 * the encoding uses from there, or 0 for a literal.
 *
 * From the block's end backwards the cheapest encoding of the rest is known at each position. All distances cost the same, so of the
 * matches at a position only the longest need be known: it contains the others.
 */
export function createMatchChooser(longestBlock: number): (lengths: Int32Array, count: number) => void {
  /** Bytes of the cheapest encoding from a position to the end, and the literals that it starts with. */
  const costs = new Int32Array(longestBlock + 1);
  const literals = new Int32Array(longestBlock + 1);
  return (lengths, count) => {
    costs[count] = 0;
    literals[count] = 0;
    for (let at = count - 1; at >= 0; at--) {
      const literalRun = (literals[at + 1] ?? 0) + 1;
      const literalCost = (costs[at + 1] ?? 0) + 1 + (addsLengthByte(literalRun) ? 1 : 0);
      const length = cheapestLength(costs, at, lengths[at] ?? 0, literalCost);
      lengths[at] = length;
      literals[at] = length === 0 ? literalRun : 0;
      costs[at] = length === 0 ? literalCost : matchCost(costs, at, length);
    }
  };
}

/** Whether so many literals take a byte more for their number than one fewer. */
function addsLengthByte(literalRun: number): boolean {
  return literalRun >= 15 && (literalRun - 15) % 255 === 0;
}

/** The length that the match at `at` is best given, at most `longest`; 0 where a literal costs as little. */
function cheapestLength(costs: Int32Array, at: number, longest: number, literalCost: number): number {
  let best = 0;
  let lowest = literalCost;
  const shortest = Math.max(longest - shorteningsTried, minMatchLength);
  for (let length = longest; length >= shortest; length--) {
    const cost = matchCost(costs, at, length);
    if (cost >= lowest) continue;
    lowest = cost;
    best = length;
  }
  if (shortest > longestInToken && matchCost(costs, at, longestInToken) < lowest) return longestInToken;
  return best;
}

function matchCost(costs: Int32Array, at: number, length: number): number {
  return matchBytes + extraLengthBytes(length - minMatchLength) + (costs[at + length] ?? 0);
}
