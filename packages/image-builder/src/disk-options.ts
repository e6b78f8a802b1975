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

/** What is asked of the disk, whatever the image. All of it is part of the build key. */
export interface DiskOptions {
  readonly format: "ext4";
  readonly size: DiskSize;
  /** Bytes of an ext4 block. */
  readonly blockSize: 1024 | 2048 | 4096;
  readonly journal: boolean;
  /** Name of the file system, at most 16 bytes; empty for none. */
  readonly label: string;
  /** Whether `security.selinux` labels of the layers are kept. */
  readonly selinuxLabels: boolean;
}

/** Disk options as a caller writes them; what is left out has its default. */
export interface DiskOptionsInput {
  readonly format?: "ext4" | undefined;
  /** As `parseDiskSize` reads it. Default `auto`. */
  readonly size?: string | undefined;
  /** Default 4096. */
  readonly blockSize?: 1024 | 2048 | 4096 | undefined;
  /** Default true. */
  readonly journal?: boolean | undefined;
  /** Default none. */
  readonly label?: string | undefined;
  /** Default true. */
  readonly selinuxLabels?: boolean | undefined;
}

const diskOptionsSchema: z.ZodType<DiskOptions, DiskOptionsInput> = z.strictObject({
  format: z.literal("ext4").default("ext4"),
  size: z.string().default("auto").transform(parseDiskSize),
  blockSize: z.union([z.literal(1024), z.literal(2048), z.literal(4096)]).default(4096),
  journal: z.boolean().default(true),
  label: z
    .string()
    .refine((label) => Buffer.byteLength(label) <= 16 && !label.includes("\0"), "has more than 16 bytes")
    .default(""),
  selinuxLabels: z.boolean().default(true),
});

/** @throws {BuilderError} OPTIONS_INVALID, naming the option. */
export function parseDiskOptions(input: unknown): DiskOptions {
  const { success, data, error: cause } = diskOptionsSchema.safeParse(input);
  if (!success)
    throw new BuilderError("OPTIONS_INVALID", z.prettifyError(cause), "see the options of build", { cause });
  return data;
}
