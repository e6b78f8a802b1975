/**
 * POSIX ACLs: what the xattr system calls and tar archives carry (Linux posix_acl_xattr.h, version 2, 8 bytes an entry)
 * is not what ext4 keeps on disk (fs/ext4/acl.h, version 1, 4 bytes an entry without an id). The wire form on disk would
 * make the kernel refuse to open the file.
 */
const wireVersion = 2;
const wireHeaderSize = 4;
const wireEntrySize = 8;
const diskVersion = 1;

const tags = { userObj: 0x01, user: 0x02, groupObj: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

export type AclConversion = Readonly<
  | { kind: "converted"; bytes: Buffer }
  /** It says nothing that the permission bits do not say: the kernel does not keep such a list either. */
  | { kind: "plain" }
  | { kind: "invalid"; reason: string }
>;

/** Converts a `system.posix_acl_access` or `system.posix_acl_default` value. */
export function aclToDisk(wire: Uint8Array, use: "access" | "default"): AclConversion {
  const bytes = Buffer.from(wire.buffer, wire.byteOffset, wire.byteLength);
  if (bytes.length < wireHeaderSize || bytes.readUInt32LE(0) !== wireVersion)
    return { kind: "invalid", reason: "it is not of version 2" };
  if ((bytes.length - wireHeaderSize) % wireEntrySize !== 0)
    return { kind: "invalid", reason: `it has ${bytes.length} bytes, which no list has` };
  const entries: AclEntry[] = [];
  for (let at = wireHeaderSize; at < bytes.length; at += wireEntrySize)
    entries.push({
      tag: bytes.readUInt16LE(at),
      permissions: bytes.readUInt16LE(at + 2),
      id: bytes.readUInt32LE(at + 4),
    });
  if (entries.length === 0) return { kind: "plain" };
  const reason = fault(entries);
  if (reason !== undefined) return { kind: "invalid", reason };
  if (use === "access" && entries.length === 3) return { kind: "plain" };
  return { kind: "converted", bytes: encodeDiskAcl(entries) };
}

/** The rules of posix_acl_valid: entries in this order, the first, third and last exactly once, a mask if any is named. */
function fault(entries: readonly AclEntry[]): string | undefined {
  const order = entries.map(({ tag }) => tag);
  if (entries.some(({ permissions }) => permissions > 7)) return "an entry has unknown permissions";
  if (!Object.values(tags).every((tag) => tag === tags.user || tag === tags.group || count(order, tag) <= 1))
    return "an entry that may come once comes twice";
  if (order.some((tag, index) => tag < (order[index - 1] ?? 0))) return "its entries are not in order";
  if (order.some((tag) => !Object.values<number>(tags).includes(tag))) return "an entry has an unknown tag";
  if (![tags.userObj, tags.groupObj, tags.other].every((tag) => order.includes(tag)))
    return "it lacks an entry for the owner, the group or others";
  if ((order.includes(tags.user) || order.includes(tags.group)) && !order.includes(tags.mask))
    return "it names users or groups but has no mask";
  return undefined;
}

function count(order: readonly number[], tag: number): number {
  return order.filter((other) => other === tag).length;
}

function encodeDiskAcl(entries: readonly AclEntry[]): Buffer {
  const bytes = Buffer.alloc(4 + entries.reduce((sum, { tag }) => sum + (hasId(tag) ? 8 : 4), 0));
  bytes.writeUInt32LE(diskVersion);
  let at = 4;
  for (const { tag, permissions, id } of entries) {
    bytes.writeUInt16LE(tag, at);
    bytes.writeUInt16LE(permissions, at + 2);
    if (hasId(tag)) bytes.writeUInt32LE(id, at + 4);
    at += hasId(tag) ? 8 : 4;
  }
  return bytes;
}

function hasId(tag: number): boolean {
  return tag === tags.user || tag === tags.group;
}
