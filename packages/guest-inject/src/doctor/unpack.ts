import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";

/** What a kernel is packed with, by its first bytes (Linux's lib/decompress.c). */
export type Compression = "gzip" | "zstd" | "xz" | "lz4" | "lzma" | "bzip2" | "lzo";

const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["lz4", [0x02, 0x21, 0x4c, 0x18]],
  ["lzma", [0x5d, 0x00, 0x00]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["lzo", [0x89, 0x4c, 0x5a, 0x4f]],
];

export function compressionOf(bytes: Uint8Array): Compression | undefined {
  return magics.find(([, magic]) => magic.every((byte, index) => bytes[index] === byte))?.[0];
}

/** Unpacks gzip or zstd; undefined for what is damaged or grows beyond the limit. */
export async function unpack(
  bytes: Uint8Array,
  compression: "gzip" | "zstd",
  maxOutputLength: number,
): Promise<Buffer | undefined> {
  const decompress = compression === "gzip" ? promisify(gunzip) : promisify(zstdDecompress);
  // Kernels are followed by their unpacked length in 4 bytes (scripts/Makefile.lib, size_append).
  const trailers = compression === "zstd" ? [0, 4] : [0];
  for (const trailer of trailers)
    try {
      return await decompress(bytes.subarray(0, bytes.length - trailer), { maxOutputLength });
    } catch {
      // Not with this trailer: the next one, or undefined.
    }
  return undefined;
}
