import type { ByteString, DataRegion, DeviceNumber, Timestamp, Xattrs } from "@bootlayer/rootfs-tree";

interface TarEntryBase {
  /** As recorded: neither normalised nor checked for where it leads; not empty, without NUL. */
  readonly path: ByteString;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Timestamp;
  readonly xattrs: Xattrs;
}

export interface TarFile extends TarEntryBase {
  readonly kind: "file";
  /** Length in bytes, holes included. */
  readonly size: number;
  /** Where a sparse file has data; absent if it has no holes. The archive holds the data alone. */
  readonly dataRegions?: readonly DataRegion[] | undefined;
}

export interface TarLink extends TarEntryBase {
  readonly kind: "hardlink" | "symlink";
  /** As recorded, not empty. Of a hard link: the path of another entry. */
  readonly linkTarget: ByteString;
}

export interface TarDevice extends TarEntryBase {
  readonly kind: "character-device" | "block-device";
  readonly device: DeviceNumber;
}

export interface TarBare extends TarEntryBase {
  readonly kind: "directory" | "fifo";
}

/** What an archive says of one name. */
export type TarEntry = TarFile | TarLink | TarDevice | TarBare;

/** An archive as it is read: each entry, its data in pieces, its end. */
export type TarEvent = Readonly<
  | { kind: "entry"; entry: TarEntry }
  /** A view into the chunk that was read: valid until the next event is asked for. */
  | { kind: "data"; bytes: Uint8Array }
  | { kind: "end" }
>;
