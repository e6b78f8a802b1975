import type { SquashfsBlockSize } from "../options.ts";
import { compressionIds, metadataChunkBytes, type Compressor } from "./compressor.ts";
import {
  encodedCapacity,
  lz4Options,
  viewOf,
  writeLastLiterals,
  writeSequence,
  type Lz4Output,
} from "./lz4-block.ts";
import { createMatchFinder, type Matches } from "./lz4-matches.ts";
import { createMatchChooser } from "./lz4-parse.ts";

/** lz4's format written with care: the longest match at every byte, and of all ways to chain them the shortest. */
export function createLz4HcCompressor(blockSize: SquashfsBlockSize): Compressor {
  const longest = Math.max(blockSize, metadataChunkBytes);
  const findMatches = createMatchFinder(longest);
  const chooseMatches = createMatchChooser(longest);
  const encoded = new Uint8Array(encodedCapacity(longest));
  const encodedView = viewOf(encoded);
  return {
    id: compressionIds.lz4,
    options: lz4Options(true),
    compress(block) {
      const sourceView = viewOf(block);
      const matches = findMatches(sourceView);
      chooseMatches(matches.lengths, block.length);
      const length = writeMatches({ source: block, sourceView, encoded, encodedView }, matches);
      return length < block.length ? encoded.subarray(0, length) : undefined;
    },
  };
}

function writeMatches(output: Lz4Output, { lengths, distances }: Matches): number {
  let end = 0;
  let literals = 0;
  for (let at = 0; at < output.source.length;) {
    const length = lengths[at] ?? 0;
    if (length === 0) {
      at++;
      continue;
    }
    end = writeSequence(output, end, literals, at, length, distances[at] ?? 0);
    literals = at += length;
  }
  return writeLastLiterals(output, end, literals);
}
