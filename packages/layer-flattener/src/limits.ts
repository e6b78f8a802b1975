import * as z from "zod";
import { flattenError } from "./errors.ts";

const limit = z.int().positive();

const schema = z.strictObject({
  entries: limit.default(1_000_000),
  unpackedBytes: limit.default(256 * 2 ** 30),
  ratio: limit.default(200),
  ratioFloorBytes: limit.default(8 * 2 ** 30),
  metadataBytes: limit.default(256 * 2 ** 20),
  paxBytes: limit.default(2 ** 20),
  pathBytes: limit.default(4096),
  nameBytes: limit.max(255).default(255),
  linkTargetBytes: limit.max(4095).default(4095),
  depth: limit.default(1024),
  xattrs: limit.default(128),
  xattrNameBytes: limit.max(255).default(255),
  xattrValueBytes: limit.max(65_536).default(65_536),
  zstdWindowBytes: limit.max(2 ** 31).default(128 * 2 ** 20),
});

/** What an image may ask of us before it is refused. All are whole numbers of at least 1. */
export interface LayerLimits {
  /** Entries of all layers together. Default 1,000,000. */
  readonly entries: number;
  /** Bytes of the tar archives of all layers together. Default 256 GiB. */
  readonly unpackedBytes: number;
  /** How many times larger than its blob a layer's archive may be, once it is over `ratioFloorBytes`. Default 200. */
  readonly ratio: number;
  /** Up to this size an archive may have any ratio: a gigabyte of zeros is no attack. Default 8 GiB. */
  readonly ratioFloorBytes: number;
  /** Names, link targets and xattrs of all layers together, in bytes: they stay in memory. Default 256 MiB. */
  readonly metadataBytes: number;
  /** One PAX header, GNU long name or sparse map. Default 1 MiB. */
  readonly paxBytes: number;
  /** The whole path of an entry. Default 4096 (PATH_MAX). */
  readonly pathBytes: number;
  /** One component of a path. Default, and at most, 255 (NAME_MAX). */
  readonly nameBytes: number;
  /** Target of a symlink. Default, and at most, 4095. */
  readonly linkTargetBytes: number;
  /** Directories above an entry once symlinks are followed. Default 1024. */
  readonly depth: number;
  /** Extended attributes of one entry. Default 128. */
  readonly xattrs: number;
  /** Default, and at most, 255 (XATTR_NAME_MAX). */
  readonly xattrNameBytes: number;
  /** Default, and at most, 65,536 (XATTR_SIZE_MAX). */
  readonly xattrValueBytes: number;
  /** Memory that a zstd frame may demand of its decoder. Default 128 MiB, as of the zstd program. */
  readonly zstdWindowBytes: number;
}

/** @throws {FlattenError} FLATTEN_OPTIONS if a limit is unknown or no whole number of at least 1. */
export function parseLayerLimits(input: unknown = {}): LayerLimits {
  const { data, error: cause } = schema.safeParse(input);
  if (cause) throw flattenError("FLATTEN_OPTIONS", `limits of layers: ${z.prettifyError(cause)}`, { cause });
  return data;
}
