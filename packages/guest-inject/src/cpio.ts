import { bytesOf, displayText, type ByteString, type Timestamp } from "@bootlayer/rootfs-tree";
import { GuestError } from "./errors.ts";

/** A member of a cpio archive of the format `newc` (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). */
export interface CpioEntry {
  readonly path: ByteString;
  /** With the file's type, as st_mode has it. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Of the content that follows; a symlink's is its target. */
  readonly size: number;
  readonly device?: { readonly major: number; readonly minor: number } | undefined;
}

const maxField = 0xffff_ffff;

/**
 * The header of one member and its name, padded to a multiple of 4 bytes; fields are eight hex digits.
 *
 * @param inode - another for each member: equal ones with several links would be hard links of each other.
 * @throws {GuestError} GUEST_FILE for a file of 4 GiB or more, which the format cannot hold.
 */
export function cpioHeader(entry: CpioEntry, inode: number, mtime: Timestamp): Uint8Array {
  if (entry.size > maxField)
    throw new GuestError(
      "GUEST_FILE",
      `/${displayText(entry.path)} has ${entry.size} bytes, which no initrd can hold`,
      "put it into the image",
    );
  const name = bytesOf(entry.path);
  const links = (entry.mode & 0o170_000) === 0o040_000 ? 2 : 1;
  const { major, minor } = entry.device ?? { major: 0, minor: 0 };
  const seconds = Math.min(Math.max(mtime.seconds, 0), maxField);
  // The two zeros after the size are the device that the file lay on; the last one is a checksum that newc does not have.
  const owner = [inode, entry.mode, entry.uid, entry.gid, links];
  const fields = [...owner, seconds, entry.size, 0, 0, major, minor, name.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  const length = header.length + name.length + 1;
  return Buffer.concat([Buffer.from(header), name, Buffer.alloc(1 + cpioPadding(length))]);
}

/** The member that ends an archive. */
export function cpioTrailer(): Uint8Array {
  const path = "TRAILER!!!" as ByteString;
  return cpioHeader({ path, mode: 0, uid: 0, gid: 0, size: 0 }, 0, { seconds: 0, nanoseconds: 0 });
}

/** Zeros that follow so many bytes of a header with its name, or of content. */
export function cpioPadding(length: number): number {
  return (4 - (length % 4)) % 4;
}
