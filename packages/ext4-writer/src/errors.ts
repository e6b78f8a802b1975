import { BootlayerError } from "@bootlayer/errors";

export type Ext4ErrorCode =
  | "EXT4_OPTIONS_INVALID"
  | "EXT4_SIZE_TOO_SMALL"
  | "EXT4_TOO_LARGE"
  | "EXT4_CONTENT_INVALID"
  | "EXT4_WRITER_STATE"
  | "EXT4_TREE_INVALID"
  | "EXT4_TOO_MANY_LINKS"
  | "EXT4_SYMLINK_TOO_LONG"
  | "EXT4_XATTR_UNSUPPORTED"
  | "EXT4_XATTRS_TOO_LARGE"
  | "EXT4_ACL_INVALID";

/** What ext4 cannot hold, or what was asked of the writer wrongly. */
export class Ext4Error extends BootlayerError<Ext4ErrorCode> {}

/** The size asked for cannot hold the tree and its contents. */
export class Ext4SizeError extends Ext4Error {
  /** A size in bytes that is enough, rounded up to whole MiB. */
  readonly neededBytes: number;

  constructor(message: string, neededBytes: number) {
    super("EXT4_SIZE_TOO_SMALL", message, `ask for ${neededBytes} bytes or more, or for an automatic size`);
    this.neededBytes = neededBytes;
  }
}

/** More than ext4 takes with these blocks, or than the heads of groups were given room to describe. */
export function imageTooLarge(blockSize: number, bytes: number): Ext4Error {
  return new Ext4Error(
    "EXT4_TOO_LARGE",
    `an image of ${bytes} bytes is more than ext4 takes with blocks of ${blockSize} bytes and the bound given`,
    blockSize === 4096
      ? "give the size or a larger maximumBytes, or make the content smaller"
      : "use blocks of 4096 bytes, or give the size or a larger maximumBytes",
  );
}
