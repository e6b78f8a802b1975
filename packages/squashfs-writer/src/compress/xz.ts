import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { SquashfsBlockSize, XzFilter } from "../options.ts";
import { branchFilters, type BranchFilter } from "./branch-filters.ts";
import { compressionIds, metadataChunkBytes, type Compressor } from "./compressor.ts";
import { loadCompressor } from "./load-compressor.ts";
import { xzStream } from "./xz-container.ts";
import { planXz, type XzPlan } from "./xz-plan.ts";

const smallestDictionary = 4096;

/**
 * One .xz stream a block, in the subset that the kernel's reader takes. `asked` is a preset from 0 to 9. Where `filters` are given each
 * block is compressed once without and once with each of them, and the shortest is kept: so only code is filtered, and data are not
 * spoilt. Otherwise x86 code is recognised before it is compressed (`xz-plan.ts`).
 */
export async function createXzCompressor(
  asked: number,
  filters: readonly XzFilter[] | undefined,
  blockSize: SquashfsBlockSize,
  program?: string,
): Promise<Compressor> {
  const { Lzma2Compressor } = await loadCompressor("@napi-rs/lzma", () => importLzma(program));
  // What readers take for granted where the image holds no options; they refuse a larger one.
  const largestDictionary = Math.max(blockSize, metadataChunkBytes);

  async function stream(block: Uint8Array, { bytes, preset, branchFilterId }: XzPlan): Promise<Buffer> {
    const dictionarySize = dictionarySizeFor(block.length);
    const compressor = new Lzma2Compressor({ preset, dictSize: dictionarySize });
    const lzma2 = Buffer.concat([compressor.update(bytes), await compressor.finish()]);
    return xzStream({ uncompressed: block, lzma2, dictionarySize, branchFilterId });
  }

  const tried = [...new Set(filters)].map((name) => branchFilters[name]);
  // Made once: garbage of the length of a block is collected late.
  const scratch = filters === undefined ? Buffer.alloc(largestDictionary) : undefined;
  const named = filters === undefined ? [branchFilters.x86] : tried;
  return {
    id: compressionIds.xz,
    options: named.length === 0 ? undefined : xzOptions(largestDictionary, named),
    async compress(block) {
      const plan = planXz(asked, block, scratch);
      if (!plan) return undefined;
      let shortest = await stream(block, plan);
      for (const { apply, xzId } of tried) {
        const bytes = Buffer.from(block);
        apply(bytes);
        const filtered = await stream(block, { ...plan, bytes, branchFilterId: xzId });
        if (filtered.length < shortest.length) shortest = filtered;
      }
      return shortest.length < block.length ? shortest : undefined;
    },
  };
}

/** `program`: the module beside which the package is installed, if that is not this one. */
async function importLzma(program: string | undefined): Promise<typeof import("@napi-rs/lzma")> {
  if (program === undefined) return await import("@napi-rs/lzma");
  const { href } = pathToFileURL(createRequire(program).resolve("@napi-rs/lzma"));
  return (await import(href)) as typeof import("@napi-rs/lzma");
}

/** No more than a block needs: a large dictionary takes longer to set up than a small block to compress. */
function dictionarySizeFor(blockLength: number): number {
  return Math.max(smallestDictionary, 2 ** Math.ceil(Math.log2(blockLength)));
}

function xzOptions(dictionarySize: number, filters: readonly BranchFilter[]): Uint8Array {
  const options = Buffer.alloc(8);
  options.writeUInt32LE(dictionarySize, 0);
  options.writeUInt32LE(
    filters.reduce((flags, { squashfsFlag }) => flags | squashfsFlag, 0),
    4,
  );
  return options;
}
