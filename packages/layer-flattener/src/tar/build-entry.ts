import type { ByteString, Xattrs } from "@bootlayer/rootfs-tree";
import type { TarFail } from "../errors.ts";
import { dataRegions, type SparseMap } from "./gnu-sparse.ts";
import { decodeDevice, type TarHeader } from "./header.ts";
import type { PaxAttributes } from "./pax.ts";
import type { TarEntry } from "./tar-entry.ts";

export interface EntryParts {
  readonly header: TarHeader;
  readonly block: Buffer;
  readonly pax: PaxAttributes;
  readonly path: ByteString;
  readonly linkTarget: ByteString;
  readonly fail: TarFail;
  readonly sparse?: SparseMap | undefined;
  /** Bytes of data that follow in the archive. */
  readonly storedBytes?: number;
}

/**
 * Whether bytes follow the header. Links, devices, fifos and directories have none, whatever size they claim.
 *
 * @throws nothing; a type that is not known counts as without a body, and `buildEntry` refuses it.
 */
export function hasBody({ typeflag }: TarHeader, path: ByteString): boolean {
  return typeflag === "\0" ? !path.endsWith("/") : typeflag === "0" || typeflag === "7" || typeflag === "S";
}

/**
 * A header and what stood in front of it, as one entry (POSIX pax, "ustar Interchange Format", typeflag).
 *
 * @throws {TarError} TAR_TYPEFLAG, TAR_NAME, TAR_NUMBER, TAR_SPARSE.
 */
export function buildEntry({
  header,
  block,
  pax,
  path,
  linkTarget,
  fail,
  sparse,
  storedBytes = 0,
}: EntryParts): TarEntry {
  const base = {
    path,
    mode: header.mode & 0o7777,
    uid: pax.uid ?? header.uid,
    gid: pax.gid ?? header.gid,
    mtime: pax.mtime ?? { seconds: header.mtime, nanoseconds: 0 },
    xattrs: joinXattrs(pax),
  };
  switch (header.typeflag) {
    case "\0":
      // V7 had no type for directories: a slash at the end made one.
      if (path.endsWith("/")) return { ...base, kind: "directory" };
      return { ...base, kind: "file", ...body(sparse, storedBytes, fail) };
    case "0":
    case "7":
    case "S":
      return { ...base, kind: "file", ...body(sparse, storedBytes, fail) };
    case "1":
    case "2":
      if (linkTarget === "") throw fail("TAR_NAME", "a link has no target");
      return { ...base, kind: header.typeflag === "1" ? "hardlink" : "symlink", linkTarget };
    case "3":
    case "4":
      return {
        ...base,
        kind: header.typeflag === "3" ? "character-device" : "block-device",
        device: decodeDevice(block, header.format, fail),
      };
    case "5":
      return { ...base, kind: "directory" };
    case "6":
      return { ...base, kind: "fifo" };
    default:
      throw fail("TAR_TYPEFLAG", `typeflag ${JSON.stringify(header.typeflag)} is not supported`);
  }
}

function body(
  sparse: SparseMap | undefined,
  storedBytes: number,
  fail: TarFail,
): { readonly size: number; readonly dataRegions?: ReturnType<typeof dataRegions> } {
  return sparse === undefined
    ? { size: storedBytes }
    : { size: sparse.size, dataRegions: dataRegions(sparse, storedBytes, fail) };
}

function joinXattrs({ xattrs, libarchiveXattrs }: PaxAttributes): Xattrs {
  return libarchiveXattrs.size === 0 ? xattrs : new Map([...libarchiveXattrs, ...xattrs]);
}
