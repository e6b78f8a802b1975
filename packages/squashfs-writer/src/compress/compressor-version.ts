import type { SquashfsCompression } from "../options.ts";

/** Of the packages that compress; package.json pins them. */
const packageVersions = { libdeflate: "0.1.0", lzma: "1.5.3" } as const;

/** Names what compresses: equal names, options and blocks make equal bytes. lz4 is this package's own, and so is what it stores. */
export function compressorVersion({ kind }: SquashfsCompression): string {
  switch (kind) {
    case "zstd":
      return `zstd ${process.versions["zstd"] ?? "unknown"}`;
    case "gzip":
      return `libdeflate ${packageVersions.libdeflate}`;
    case "xz":
      return `lzma ${packageVersions.lzma}`;
    case "lz4":
    case "none":
      return kind;
  }
}
