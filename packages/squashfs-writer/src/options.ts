import type { Timestamp } from "@bootlayer/rootfs-tree";

/**
 * How blocks are compressed.
 * - `zstd`: level 1 to 22, default 15: the size that the reference tool's level gives, at parameters of our own
 * - `gzip`: level 1 to 12 (10 to 12 are libdeflate's own), default 9
 * - `xz`: preset 0 to 9, default 6; `filters` are branch filters, which a kernel may lack
 * - `lz4`: fast, or with `highCompression` slow and smaller, at the same speed of reading
 * - `none`: blocks are stored as they are; the image says gzip, which every kernel with squashfs has
 */
export type SquashfsCompression = Readonly<
  | { kind: "zstd"; level?: number | undefined }
  | { kind: "gzip"; level?: number | undefined }
  | { kind: "xz"; level?: number | undefined; filters?: readonly XzFilter[] | undefined }
  | { kind: "lz4"; highCompression?: boolean | undefined }
  | { kind: "none" }
>;

export type XzFilter = "x86" | "powerpc" | "ia64" | "arm" | "armthumb" | "sparc";

export type SquashfsBlockSize = 4096 | 8192 | 16384 | 32768 | 65536 | 131072 | 262144 | 524288 | 1048576;

export interface SquashfsOptions {
  /** Default: zstd, level 15. */
  readonly compression?: SquashfsCompression | undefined;
  /** Bytes of a block of data; at least the page size of the kernel that is to mount it. Default 131,072. */
  readonly blockSize?: SquashfsBlockSize | undefined;
  /** When the file system was made; rounded down to seconds, 1970 to 2106. Default: 1970. */
  readonly time?: Timestamp | undefined;
  /** What is stored without being compressed (mksquashfs -noI, -noD, -noF, -noX). Default: nothing. */
  readonly uncompressed?:
    | {
        readonly inodes?: boolean | undefined;
        readonly data?: boolean | undefined;
        readonly fragments?: boolean | undefined;
        readonly xattrs?: boolean | undefined;
      }
    | undefined;
  /** Whether ends of files share blocks. Default true. */
  readonly fragments?: boolean | undefined;
  /** Whether files with the same bytes are stored once. Default true. */
  readonly deduplicate?: boolean | undefined;
  /** Whether inodes can be found by number: NFS and overlayfs with all its features need it. Default true. */
  readonly exportTable?: boolean | undefined;
  /** Threads that compress; 0: all on the calling one. Does not change the bytes. Default: one for each processor. */
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
