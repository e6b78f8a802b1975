import { constants, zstdCompressSync } from "node:zlib";
import { branchFilters } from "./branch-filters.ts";

/** What a block is compressed from, and how. */
export interface XzPlan {
  readonly preset: number;
  /** The block, or what the x86 filter makes of it where that is known to shrink further. */
  readonly bytes: Uint8Array;
  /** Of the filter in a block header. */
  readonly branchFilterId: number | undefined;
}

/** zstd's first level finds what is worth finding in a hundredth of xz's time. */
const probe = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** What the probe shrinks to no less than this part of its length is not worth xz's time. */
const incompressible = 0.985;

/** x86 code is what the probe shrinks to less than this part of its size once calls have absolute targets. */
const x86Code = 0.99;

/** From here on the fast mode has more long matches to lose. */
const largeBlock = 128 * 1024;

/**
 * How a block is compressed where `asked` is asked for; undefined for one that is stored as it is. Where `scratch` is given x86
 * code goes through its filter, in `scratch`, which is at least as long as the block and is the plan's until the next one is made.
 *
 * Only preset 6, the default, is spread by what the block holds. x86 code behind its filter gets preset 3, whose hash chains and greedy
 * choice cost a third of the time, and of Debian's image is still 1 % smaller than without the filter at 6. Of what else there is, 6 differs from 4 and 5 in
 * how long a match ends the search for a longer one (64, 32 and 16 bytes), which pays where long matches are many, in text and tables. In
 * all, blocks of 128 KiB: Debian's image 0.7 % smaller than with 6 for each block, in half the time; the large one 0.3 %, 0.63.
 */
export function planXz(asked: number, block: Uint8Array, scratch: Buffer | undefined): XzPlan | undefined {
  if (asked !== 6 && !scratch) return { preset: asked, bytes: block, branchFilterId: undefined };
  const ratio = probedRatio(block);
  if (asked === 6 && ratio >= incompressible) return undefined;
  const plain = {
    preset: asked === 6 ? plainPreset(block, ratio) : asked,
    bytes: block,
    branchFilterId: undefined,
  };
  if (!scratch) return plain;
  const bytes = scratch.subarray(0, block.length);
  bytes.set(block);
  branchFilters.x86.apply(bytes);
  const gain = probedRatio(bytes) / ratio;
  if (gain >= x86Code) return plain;
  const preset = asked === 6 ? codePreset(block, gain) : asked;
  return { preset, bytes, branchFilterId: branchFilters.x86.xzId };
}

function probedRatio(bytes: Uint8Array): number {
  return zstdCompressSync(bytes, probe).length / bytes.length;
}

function plainPreset(block: Uint8Array, ratio: number): number {
  // A larger block has more room for long matches.
  const code = block.length > largeBlock ? 0.5 : 0.45;
  return ratio >= code ? 4 : 5;
}

/** A large block pays for the fast mode only where the filter gains much. */
function codePreset(block: Uint8Array, gain: number): number {
  return block.length <= largeBlock || gain < 0.97 ? 3 : 4;
}
