import { SquashfsError } from "../errors.ts";

/** Loads a compressor's library. Throws SQUASHFS_COMPRESSOR_MISSING where it is not installed, or not for this machine. */
export async function loadCompressor<Library>(name: string, load: () => Promise<Library>): Promise<Library> {
  try {
    return await load();
  } catch (cause) {
    throw new SquashfsError(
      "SQUASHFS_COMPRESSOR_MISSING",
      `the package ${name} cannot be loaded`,
      `install ${name} with the packages for this machine that it names as optional, or choose another compression`,
      { cause },
    );
  }
}
