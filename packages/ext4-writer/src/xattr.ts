import { displayPath, displayText, type ByteString, type Xattrs } from "@bootlayer/rootfs-tree";
import { Ext4Error } from "./errors.ts";
import { inodeXattrOffset } from "./format/inode.ts";
import {
  compareXattrs,
  xattrBlockHeaderSize,
  xattrEntrySize,
  xattrInodeHeaderSize,
  xattrListSize,
  type XattrEntry,
} from "./format/xattr.ts";
import { inodeSize } from "./geometry.ts";
import { aclToDisk } from "./posix-acl.ts";

/** Where a node's attributes go: the inode's rest first, a block of their own or shared for what does not fit there. */
export interface XattrPlacement {
  readonly inInode: readonly XattrEntry[];
  /** In the order of the block. */
  readonly inBlock: readonly XattrEntry[];
}

/** Stands for the path where the attributes have been placed before, so that no error can come of them. */
const root = "" as ByteString;

const none: XattrPlacement = { inInode: [], inBlock: [] };

/** Prefixes and the numbers that stand for them (ext4 documentation, "Extended Attributes"). */
const prefixes: readonly (readonly [prefix: string, index: number])[] = [
  ["user.", 1],
  ["trusted.", 4],
  ["security.", 6],
];
const accessAclIndex = 2;
const defaultAclIndex = 3;

const inodeRoom = inodeSize - inodeXattrOffset - xattrInodeHeaderSize;

/**
 * Decides where attributes go: all into the inode if they fit, else all into the block, else the largest that fit into
 * the inode and the others into the block.
 *
 * @throws {Ext4Error} EXT4_XATTR_UNSUPPORTED, EXT4_ACL_INVALID, EXT4_XATTRS_TOO_LARGE, naming `path`.
 */
export function placeXattrs(xattrs: Xattrs, blockSize: number, path: ByteString = root): XattrPlacement {
  if (xattrs.size === 0) return none;
  const entries = [...xattrs].flatMap(([name, value]) => entryOf(name, value, path)).toSorted(compareXattrs);
  if (entries.length === 0) return none;
  if (xattrListSize(entries) <= inodeRoom) return { inInode: entries, inBlock: [] };
  const blockRoom = blockSize - xattrBlockHeaderSize;
  if (xattrListSize(entries) <= blockRoom) return { inInode: [], inBlock: entries };
  const inInode = new Set<XattrEntry>();
  let left = inodeRoom - xattrListSize([]);
  for (const entry of entries.toSorted((a, b) => xattrEntrySize(b) - xattrEntrySize(a))) {
    if (xattrEntrySize(entry) > left) continue;
    inInode.add(entry);
    left -= xattrEntrySize(entry);
  }
  const inBlock = entries.filter((entry) => !inInode.has(entry));
  if (xattrListSize(inBlock) > blockRoom)
    throw new Ext4Error(
      "EXT4_XATTRS_TOO_LARGE",
      `the extended attributes of ${displayPath(path)} take ${xattrListSize(entries)} bytes; an inode and one block of ${blockSize} bytes do not hold them`,
      blockSize === 4096 ? "remove attributes from the file" : "use blocks of 4096 bytes",
    );
  return { inInode: entries.filter((entry) => inInode.has(entry)), inBlock };
}

function entryOf(fullName: ByteString, value: Uint8Array, path: ByteString): XattrEntry[] {
  if (fullName === "system.posix_acl_access")
    return aclEntry(fullName, accessAclIndex, aclToDisk(value, "access"), path);
  if (fullName === "system.posix_acl_default")
    return aclEntry(fullName, defaultAclIndex, aclToDisk(value, "default"), path);
  for (const [prefix, index] of prefixes) {
    if (!fullName.startsWith(prefix)) continue;
    const name = Buffer.from(fullName.slice(prefix.length), "latin1");
    // The system calls take names of 255 bytes with the prefix; a NUL would end them early.
    if (name.length > 0 && fullName.length <= 255 && !name.includes(0)) return [{ index, name, value }];
  }
  throw new Ext4Error(
    "EXT4_XATTR_UNSUPPORTED",
    `${displayPath(path)} has an extended attribute ${displayText(fullName)}, which ext4 cannot hold`,
    "ext4 takes user.*, trusted.*, security.* and POSIX ACLs, with names up to 255 bytes",
  );
}

function aclEntry(
  fullName: ByteString,
  index: number,
  acl: ReturnType<typeof aclToDisk>,
  path: ByteString,
): XattrEntry[] {
  switch (acl.kind) {
    case "converted":
      return [{ index, name: Buffer.alloc(0), value: acl.bytes }];
    case "plain":
      return [];
    case "invalid":
      throw new Ext4Error(
        "EXT4_ACL_INVALID",
        `the access control list ${fullName} of ${displayPath(path)} is invalid: ${acl.reason}`,
        "remove the attribute or store a list as getxattr(2) gives it",
      );
    default:
      return acl satisfies never;
  }
}
