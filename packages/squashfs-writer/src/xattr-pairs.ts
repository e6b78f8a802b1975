import { displayPath, displayText, type ByteString, type Xattrs } from "@bootlayer/rootfs-tree";
import { SquashfsError } from "./errors.ts";
import { xattrPrefixes, type XattrName } from "./format/xattr.ts";

/** An extended attribute that squashfs can hold. */
export interface XattrPair {
  readonly fullName: ByteString;
  readonly name: XattrName;
  readonly value: Uint8Array;
}

export interface XattrPairs {
  /** In byte order of the full names. */
  readonly pairs: readonly XattrPair[];
  /** Whether a POSIX ACL was left out. */
  readonly isAclDropped: boolean;
}

/** As the system calls have them (linux/limits.h): more could not be read back. */
const maxNameBytes = 255;
const maxValueBytes = 65_536;
const maxListBytes = 65_536;

const none: XattrPairs = { pairs: [], isAclDropped: false };

/**
 * The attributes of a node that squashfs can hold. It has no place for POSIX ACLs.
 *
 * @throws {SquashfsError} SQUASHFS_XATTR_UNSUPPORTED, SQUASHFS_XATTRS_TOO_LARGE, naming `path`.
 */
export function xattrPairs(xattrs: Xattrs, path: ByteString): XattrPairs {
  if (xattrs.size === 0) return none;
  const pairs: XattrPair[] = [];
  let isAclDropped = false;
  let listBytes = 0;
  for (const [fullName, value] of xattrs) {
    if (fullName === "system.posix_acl_access" || fullName === "system.posix_acl_default") {
      isAclDropped = true;
      continue;
    }
    const name = xattrName(fullName);
    if (name === undefined) throw unsupported(fullName, path);
    listBytes += fullName.length + 1;
    if (value.length > maxValueBytes || listBytes > maxListBytes) throw tooLarge(path);
    pairs.push({ fullName, name, value });
  }
  return { pairs: pairs.toSorted((a, b) => (a.fullName < b.fullName ? -1 : 1)), isAclDropped };
}

function xattrName(fullName: ByteString): XattrName | undefined {
  if (fullName.length > maxNameBytes || fullName.includes("\0")) return undefined;
  for (const [prefix, type] of xattrPrefixes) {
    if (fullName.length > prefix.length && fullName.startsWith(prefix))
      return { type, rest: Buffer.from(fullName.slice(prefix.length), "latin1") };
  }
  return undefined;
}

function unsupported(fullName: ByteString, path: ByteString): SquashfsError {
  return new SquashfsError(
    "SQUASHFS_XATTR_UNSUPPORTED",
    `${displayPath(path)} has an extended attribute ${displayText(fullName)}, which squashfs cannot hold`,
    "squashfs takes user.*, trusted.* and security.*, with names up to 255 bytes",
  );
}

function tooLarge(path: ByteString): SquashfsError {
  return new SquashfsError(
    "SQUASHFS_XATTRS_TOO_LARGE",
    `the extended attributes of ${displayPath(path)} have more than ${maxValueBytes} bytes in a value, or ${maxListBytes} in names`,
    "no Linux system reads such attributes: remove them from the file",
  );
}
