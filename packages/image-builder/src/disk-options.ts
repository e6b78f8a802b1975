import type { BlockSize as Ext4BlockSize } from "@bootlayer/ext4-writer";
import type { SquashfsBlockSize, SquashfsCompression } from "@bootlayer/squashfs-writer";
import * as z from "zod";
import { BuilderError } from "./errors.ts";

/** How large a disk becomes: as its content needs, an exact length, or so much free space (both in bytes). */
export type DiskSize = Readonly<
  { kind: "auto" } | { kind: "bytes"; bytes: number } | { kind: "free"; bytes: number }
>;

const units: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/**
 * Reads `auto`, `SIZE` or `+SIZE`, where SIZE is a number with an optional unit: K, M, G, T (powers of 1024; `KiB`,
 * `kb` and the like mean the same).
 *
 * @throws {BuilderError} OPTIONS_INVALID.
 */
export function parseDiskSize(text: string): DiskSize {
  if (text === "auto") return { kind: "auto" };
  const [, plus, digits = "", unit = ""] = /^(\+?)(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text) ?? [];
  const bytes = Math.ceil(Number(digits) * (units[unit.toUpperCase()] ?? 1));
  if (digits === "" || !Number.isSafeInteger(bytes) || bytes === 0)
    throw new BuilderError(
      "OPTIONS_INVALID",
      `size ${JSON.stringify(text)} is none`,
      "write auto, a size such as 4G, or free space such as +512M",
    );
  return plus === "+" ? { kind: "free", bytes } : { kind: "bytes", bytes };
}

/** Reads `zstd`, `gzip`, `xz`, `lz4` or `none`, with an optional level behind a colon; lz4's is `hc`. @throws {BuilderError} OPTIONS_INVALID. */
export function parseCompression(text: string): SquashfsCompression {
  const [, kind, level] = /^(zstd|gzip|xz|lz4|none)(?::(\d{1,2}|hc))?$/.exec(text) ?? [];
  if (kind === "lz4" && (level === undefined || level === "hc"))
    return { kind, highCompression: level === "hc" };
  if (kind === "none" && level === undefined) return { kind };
  if ((kind === "zstd" || kind === "gzip" || kind === "xz") && level !== "hc")
    return level === undefined ? { kind } : { kind, level: Number(level) };
  throw new BuilderError(
    "OPTIONS_INVALID",
    `compression ${JSON.stringify(text)} is none`,
    "write zstd, gzip or xz with an optional level such as zstd:9, lz4, lz4:hc, or none",
  );
}

/** What is asked of the disk, whatever the image. All of it is part of the build key. */
export type DiskOptions = Ext4DiskOptions | SquashfsDiskOptions;

export interface Ext4DiskOptions {
  readonly format: "ext4";
  readonly size: DiskSize;
  /** Bytes of an ext4 block. */
  readonly blockSize: Ext4BlockSize;
  readonly journal: boolean;
  /** Name of the file system, at most 16 bytes; empty for none. */
  readonly label: string;
  /** Whether `security.selinux` labels of the layers are kept. */
  readonly selinuxLabels: boolean;
}

/** A disk that can only be read. */
export interface SquashfsDiskOptions {
  readonly format: "squashfs";
  readonly compression: SquashfsCompression;
  /** Bytes of a block of data. */
  readonly blockSize: SquashfsBlockSize;
  readonly selinuxLabels: boolean;
}

/** Disk options as a caller writes them; what is left out has its default. */
export type DiskOptionsInput = Ext4DiskOptionsInput | SquashfsDiskOptionsInput;

export interface Ext4DiskOptionsInput {
  readonly format?: "ext4" | undefined;
  /** As `parseDiskSize` reads it. Default `auto`. */
  readonly size?: string | undefined;
  /** Default 4096. */
  readonly blockSize?: Ext4BlockSize | undefined;
  /** Default true. */
  readonly journal?: boolean | undefined;
  /** Default none. */
  readonly label?: string | undefined;
  /** Default true. */
  readonly selinuxLabels?: boolean | undefined;
}

export interface SquashfsDiskOptionsInput {
  readonly format: "squashfs";
  /** As `parseCompression` reads it. Default `zstd:15`. */
  readonly compression?: string | undefined;
  /** Default 131,072. */
  readonly blockSize?: SquashfsBlockSize | undefined;
  /** Default true. */
  readonly selinuxLabels?: boolean | undefined;
}

const ext4Schema = z.strictObject({
  format: z.literal("ext4"),
  size: z.string().default("auto").transform(parseDiskSize),
  blockSize: z.literal([1024, 2048, 4096]).default(4096),
  journal: z.boolean().default(true),
  label: z
    .string()
    .refine((label) => Buffer.byteLength(label) <= 16 && !label.includes("\0"), "has more than 16 bytes")
    .default(""),
  selinuxLabels: z.boolean().default(true),
});

const squashfsSchema = z.strictObject({
  format: z.literal("squashfs"),
  compression: z.string().default("zstd:15").transform(parseCompression),
  blockSize: z
    .literal([4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144, 524_288, 1_048_576])
    .default(131_072),
  selinuxLabels: z.boolean().default(true),
});

const diskOptionsSchema = z.discriminatedUnion("format", [ext4Schema, squashfsSchema]);

/** @throws {BuilderError} OPTIONS_INVALID, naming the option; one that the format has not is refused too. */
export function parseDiskOptions(input: DiskOptionsInput): DiskOptions {
  const {
    success,
    data,
    error: cause,
  } = diskOptionsSchema.safeParse({ ...input, format: input.format ?? "ext4" });
  if (!success)
    throw new BuilderError("OPTIONS_INVALID", z.prettifyError(cause), "see the options of build", { cause });
  return data;
}
