import type { ByteString } from "./byte-string.ts";
import type { Attributes, RootfsNode } from "./node.ts";

/**
 * What a node says that no inode can hold, as the end of a sentence that names it; `undefined` if nothing. A symlink's
 * target and extended attributes are left to the formats, which hold different ones.
 */
export function nodeFault(node: RootfsNode): string | undefined {
  return attributesFault(node.attributes) ?? kindFault(node);
}

/** The same of a name: 1 to 255 bytes without `/` and NUL, and neither `.` nor `..`. */
export function nameFault(name: ByteString): string | undefined {
  const isFit =
    name.length >= 1 && name.length <= 255 && name !== "." && name !== ".." && !/[/\0]/.test(name);
  return isFit ? undefined : "has a name that no directory can hold";
}

function attributesFault({ mode, uid, gid, mtime }: Attributes): string | undefined {
  if (!isUnsigned(mode, 12)) return `has the mode ${mode}`;
  if (!isUnsigned(uid, 32) || !isUnsigned(gid, 32)) return `has the owner ${uid}:${gid}`;
  if (
    !Number.isSafeInteger(mtime.seconds) ||
    !isUnsigned(mtime.nanoseconds, 30) ||
    mtime.nanoseconds > 999_999_999
  )
    return `has the time ${mtime.seconds} s ${mtime.nanoseconds} ns`;
  return undefined;
}

function kindFault(node: RootfsNode): string | undefined {
  switch (node.kind) {
    case "character-device":
    case "block-device": {
      const { major, minor } = node.device;
      return isUnsigned(major, 12) && isUnsigned(minor, 20)
        ? undefined
        : `has the device number ${major}:${minor}`;
    }
    case "file":
      return isUnsigned(node.size, 53) && (node.size === 0) === (node.content === undefined)
        ? undefined
        : `has ${node.size} bytes and ${node.content === undefined ? "no" : "some"} content`;
    case "symlink":
    case "directory":
    case "fifo":
    case "socket":
      return undefined;
    default:
      return node satisfies never;
  }
}

function isUnsigned(value: number, bits: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** bits;
}
