/**
 * Levels 9 to 15 of zstd, tuned for whole blocks of root file systems. The library's own parameters serve streams of any kind; where
 * others were found that give a level's size in less time, or less in the same, they stand here. docs/performance.md has the
 * measurements. All other levels and sizes are the library's own.
 */
import { constants } from "node:zlib";
import { byteEntropy } from "./byte-entropy.ts";

/** What the library is called with. */
export type ZstdParameters = Readonly<Record<number, number>>;

interface Tuning {
  readonly strategy: number;
  readonly searchLog: number;
  readonly minMatch: number;
  /** Of the lazy strategies no more than a hint. */
  readonly targetLength?: number;
  readonly hashLog?: number;
  readonly chainLog?: number;
  /** What stands in for it where a long search is in vain. */
  readonly inVain?: Tuning;
}

const {
  ZSTD_lazy: lazy,
  ZSTD_lazy2: lazy2,
  ZSTD_btlazy2: btlazy2,
  ZSTD_btopt: btopt,
  ZSTD_btultra: btultra,
} = constants;

/**
 * In bits a byte (`byteEntropy`). Below, a block shrinks so much whatever is done that little is left to win; above, it is compressed
 * already. docs/decisions/0007-zstd-parameters.md has what that saves.
 */
const worthSearching = { from: 3.2, to: 7.9 } as const;

/** As the library does, by the length of what is compressed; the ends are its own. */
const tunings: readonly Readonly<{ longest: number; levels: Readonly<Record<number, Tuning>> }>[] = [
  {
    longest: 2 ** 14,
    levels: { 15: { strategy: btultra, searchLog: 5, minMatch: 3, targetLength: 32 } },
  },
  {
    longest: 2 ** 18,
    levels: {
      15: {
        strategy: btopt,
        searchLog: 4,
        minMatch: 3,
        targetLength: 32,
        hashLog: 15,
        chainLog: 17,
        inVain: { strategy: btlazy2, searchLog: 4, minMatch: 4, hashLog: 16, chainLog: 17 },
      },
      14: { strategy: btopt, searchLog: 3, minMatch: 3, targetLength: 12 },
      13: { strategy: btopt, searchLog: 2, minMatch: 3, targetLength: 8 },
      12: { strategy: btopt, searchLog: 1, minMatch: 3, targetLength: 8 },
    },
  },
  {
    // Above, the library goes from lazy2 to binary trees of long matches, which take four times as long for a larger result.
    longest: Infinity,
    levels: {
      15: { strategy: lazy2, searchLog: 5, minMatch: 4, hashLog: 19 },
      14: { strategy: lazy2, searchLog: 4, minMatch: 4, hashLog: 19 },
      13: { strategy: lazy2, searchLog: 3, minMatch: 4, hashLog: 19 },
      12: { strategy: lazy, searchLog: 4, minMatch: 4, hashLog: 19 },
      11: { strategy: lazy, searchLog: 4, minMatch: 4, hashLog: 19 },
      10: { strategy: lazy, searchLog: 4, minMatch: 4, hashLog: 19 },
      9: { strategy: lazy, searchLog: 4, minMatch: 4, hashLog: 19 },
    },
  },
];

/** The parameters of `level` for `block`: they depend on nothing else. */
export function zstdParameters(level: number, block: Uint8Array): ZstdParameters {
  const found = tunings.find(({ longest }) => block.length <= longest)?.levels[level];
  const parameters: Record<number, number> = { [constants.ZSTD_c_compressionLevel]: level };
  if (!found) return parameters;
  const tuning = found.inVain && isSearchedInVain(block) ? found.inVain : found;
  parameters[constants.ZSTD_c_strategy] = tuning.strategy;
  parameters[constants.ZSTD_c_searchLog] = tuning.searchLog;
  parameters[constants.ZSTD_c_minMatch] = tuning.minMatch;
  if (tuning.targetLength !== undefined) parameters[constants.ZSTD_c_targetLength] = tuning.targetLength;
  if (tuning.hashLog !== undefined) parameters[constants.ZSTD_c_hashLog] = tuning.hashLog;
  if (tuning.chainLog !== undefined) parameters[constants.ZSTD_c_chainLog] = tuning.chainLog;
  return parameters;
}

function isSearchedInVain(block: Uint8Array): boolean {
  const entropy = byteEntropy(block);
  return entropy < worthSearching.from || entropy > worthSearching.to;
}
