import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { SquashfsBlockSize, XzFilter } from "../options.ts";
import { branchFilters, type BranchFilter } from "./branch-filters.ts";
import { compressionIds, metadataChunkBytes, type Compressor } from "./compressor.ts";
import { loadCompressor } from "./load-compressor.ts";
import { xzStream } from "./xz-container.ts";
import { xzPreset } from "./xz-preset.ts";

const smallestDictionary = 4096;

/**
 * One .xz stream a block, in the subset that the kernel's reader takes. `asked` is a preset from 0 to 9 (`xz-preset.ts`). Each block is compressed once without
 * and once with each of `filters`, and the shortest is kept: so only code is filtered, and data are not spoilt.
 */
export async function createXzCompressor(
  asked: number,
  filters: readonly XzFilter[],
  blockSize: SquashfsBlockSize,
  program?: string,
): Promise<Compressor> {
  const { Lzma2Compressor } = await loadCompressor("@napi-rs/lzma", () => importLzma(program));
  // What readers take for granted where the image holds no options; they refuse a larger one.
  const largestDictionary = Math.max(blockSize, metadataChunkBytes);

  async function lzma2(bytes: Uint8Array, preset: number): Promise<Buffer> {
    const compressor = new Lzma2Compressor({ preset, dictSize: dictionarySizeFor(bytes.length) });
    return Buffer.concat([compressor.update(bytes), await compressor.finish()]);
  }

  async function filtered(block: Uint8Array, filter: BranchFilter, preset: number): Promise<Buffer> {
    const bytes = Buffer.from(block);
    filter.apply(bytes);
    return xzStream({
      uncompressed: block,
      lzma2: await lzma2(bytes, preset),
      dictionarySize: dictionarySizeFor(block.length),
      branchFilterId: filter.xzId,
    });
  }

  const chosen = [...new Set(filters)].map((name) => branchFilters[name]);
  return {
    id: compressionIds.xz,
    options: chosen.length === 0 ? undefined : xzOptions(largestDictionary, chosen),
    async compress(block) {
      const preset = xzPreset(asked, block);
      if (preset === undefined) return undefined;
      let shortest = xzStream({
        uncompressed: block,
        lzma2: await lzma2(block, preset),
        dictionarySize: dictionarySizeFor(block.length),
      });
      for (const filter of chosen) {
        const stream = await filtered(block, filter, preset);
        if (stream.length < shortest.length) shortest = stream;
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
