import type { Attributes, ByteString, ContentHandle, DeviceNumber } from "@bootlayer/rootfs-tree";

/** A file of a layer. Its content is known once the walk, or else the second pass, has written it. */
export interface FileEntry {
  /** `pseudo-link`: reachable only by hard links of its own layer. */
  readonly kind: "file" | "pseudo-link";
  readonly path: ByteString;
  readonly attributes: Attributes;
  readonly size: number;
  /** Bytes without holes: what the image writer is given. */
  readonly dataBytes: number;
  /** Which of the archive's entries it is, from 0. */
  readonly ordinal: number;
  content: ContentHandle | undefined;
}

export interface DirectoryEntry {
  readonly kind: "directory";
  readonly path: ByteString;
  readonly attributes: Attributes;
}

/** A second name of the inode that `target`, normalised, names; it has no attributes of its own. */
export interface HardLinkEntry {
  readonly kind: "hardlink";
  readonly path: ByteString;
  readonly target: ByteString;
}

/** What is whole with its metadata. */
export type SpecialEntry = Readonly<
  { path: ByteString; attributes: Attributes } & (
    | { kind: "symlink"; target: ByteString }
    | { kind: "character-device" | "block-device"; device: DeviceNumber }
    | { kind: "fifo" }
  )
>;

export interface WhiteoutEntry {
  readonly kind: "whiteout" | "opaque";
  readonly path: ByteString;
}

/** What one layer says of one normalised path; kept for the replay, while the archive's bytes are gone. */
export type LayerEntry = FileEntry | DirectoryEntry | HardLinkEntry | SpecialEntry | WhiteoutEntry;
