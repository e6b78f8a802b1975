import type { DiskOptionsInput } from "@bootlayer/image-builder";

/** Flags that say what the disk is; those that are left out have the format's default. */
export interface DiskFlags {
  readonly format: "ext4" | "squashfs";
  readonly size?: string;
  readonly blockSize?: number;
  readonly journal?: boolean;
  readonly label?: string;
  readonly compression?: string;
  readonly selinuxLabels: boolean;
}

export const formatFlag = {
  kind: "enum",
  values: ["ext4", "squashfs"],
  default: "ext4",
  brief: "File system of the disk: ext4 to write to, squashfs to only read",
} as const;

const optional = { kind: "parsed", parse: String, optional: true } as const;

export const diskFlags = {
  format: formatFlag,
  size: {
    ...optional,
    placeholder: "SIZE",
    brief: "Of an ext4 disk: auto (default), a size such as 4G, or free space such as +512M",
  },
  blockSize: {
    ...optional,
    parse: parseBlockSize,
    placeholder: "BYTES",
    brief: "Of a block: 1K, 2K or 4K (default) for ext4; 4K to 1M for squashfs (default 128K)",
  },
  journal: { kind: "boolean", optional: true, brief: "Whether an ext4 disk has a journal (default: it has)" },
  label: { ...optional, placeholder: "NAME", brief: "Name of an ext4 file system, at most 16 bytes" },
  compression: {
    ...optional,
    placeholder: "KIND[:LEVEL]",
    brief: "Of a squashfs disk: zstd (default zstd:15), gzip, xz, lz4, lz4:hc or none",
  },
  selinuxLabels: {
    kind: "boolean",
    default: true,
    brief: "Whether security.selinux labels of the layers are kept",
  },
} as const;

/** Bytes, or a number with K or M. */
export function parseBlockSize(text: string): number {
  const [, digits, unit = ""] = /^(\d{1,8})([KM])?(?:i?B)?$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new SyntaxError(`${JSON.stringify(text)} is not a size such as 4096 or 128K`);
  return Number(digits) * ({ K: 2 ** 10, M: 2 ** 20 }[unit.toUpperCase()] ?? 1);
}

/** As the library takes them, which refuses what the format has not. */
export function diskOptionsOf({
  format,
  size,
  blockSize,
  journal,
  label,
  compression,
  selinuxLabels,
}: DiskFlags): DiskOptionsInput {
  const given = { size, blockSize, journal, label, compression };
  const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { format, selinuxLabels, ...said };
}
