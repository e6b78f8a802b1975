import type { SquashfsCompression } from "../options.ts";

/** Of the packages that compress; package.json pins them. */
const packageVersions = { libdeflate: "0.1.0", lzma: "1.5.3" } as const;

const zstdVersion = process.versions["zstd"] ?? "unknown";

/** Counts what `zstdParameters` has answered: another answer makes other bytes with the same library. */
const zstdParametersVersion = 2;

/** Counts what `planXz` has answered. */
const xzPlanVersion = 2;

/** Names what compresses: equal names, options and blocks make equal bytes. lz4 is this package's own, and so is what it stores. */
export function compressorVersion({ kind }: SquashfsCompression): string {
  switch (kind) {
    case "zstd":
      return `zstd ${zstdVersion}, parameters ${zstdParametersVersion}`;
    case "gzip":
      return `libdeflate ${packageVersions.libdeflate}`;
    case "xz":
      // zstd's probe is what the plan looks at.
      return `lzma ${packageVersions.lzma}, plan ${xzPlanVersion}, zstd ${zstdVersion}`;
    case "lz4":
    case "none":
      return kind;
  }
}
