import type { TarEntry } from "../tar-archive.ts";
import type { Place, RandomAttributes, RandomSparse } from "./operation.ts";

/** cap_setuid and cap_net_raw in a revision 2 value: the kernel checks its form, and it has a byte over 0x7f. */
const CAPABILITY = Buffer.from("0100000280200000000000000000000000000000", "hex");

/** Attributes as header fields and PAX records. What Linux allows on a kind decides which xattrs it gets. */
export function attributeFields(
  attributes: RandomAttributes,
  kind: "file" | "directory" | "other",
): Pick<TarEntry, "mode" | "uid" | "gid" | "mtime" | "pax"> {
  const { mode, uid, gid, mtime, userXattr, trustedXattr, capability } = attributes;
  const pax: Record<string, string | Uint8Array> = {};
  if (mtime.includes(".")) pax["mtime"] = mtime;
  if (userXattr !== undefined && kind !== "other") pax["SCHILY.xattr.user.random"] = userXattr;
  if (trustedXattr !== undefined) pax["SCHILY.xattr.trusted.random"] = trustedXattr;
  if (capability && kind === "file") pax["SCHILY.xattr.security.capability"] = CAPABILITY;
  // A setgid directory passes its group to directories that umoci implies below it; no rule asks for that.
  const bits = kind === "directory" ? mode & ~0o2000 : mode;
  return { mode: bits, uid, gid, pax, ...(mtime.includes(".") ? {} : { mtime: Number(mtime) }) };
}

export function spelled(path: string, { spelling }: Pick<Place, "spelling">): string | Uint8Array {
  const start = { plain: "", dot: "./", absolute: "/" }[spelling];
  return textOrBytes(start + path);
}

/** Text where it is ASCII, so that a failing example can be read. */
export function textOrBytes(latin1: string): string | Uint8Array {
  return /[\u0080-\u00FF]/.test(latin1) ? Buffer.from(latin1, "latin1") : latin1;
}

/** A sparse file in GNU tar's PAX formats (GNU tar manual, "Storing Sparse Files"). */
export function sparseFields(
  path: string,
  { version, parts, lastHole }: RandomSparse,
): { readonly pax: Record<string, string | Uint8Array>; readonly content: Uint8Array } {
  const map: number[] = [];
  let end = 0;
  for (const { hole, data } of parts) {
    map.push(end + hole, data.length);
    end += hole + data.length;
  }
  const size = end + lastHole;
  // A last segment of no length says where the file ends.
  if (lastHole > 0 || parts.length === 0) map.push(size, 0);
  const data = Buffer.concat(parts.map((part) => part.data));
  const name = textOrBytes(path);
  if (version === "0.1") {
    const records = { "GNU.sparse.name": name, "GNU.sparse.size": String(size) };
    const count = { "GNU.sparse.numblocks": String(map.length / 2), "GNU.sparse.map": map.join(",") };
    return { pax: { ...records, ...count }, content: data };
  }
  const text = Buffer.from([map.length / 2, ...map].map((number) => `${number}\n`).join(""));
  const padding = Buffer.alloc(-text.length & 511);
  return {
    pax: {
      "GNU.sparse.major": "1",
      "GNU.sparse.minor": "0",
      "GNU.sparse.name": name,
      "GNU.sparse.realsize": String(size),
    },
    content: Buffer.concat([text, padding, data]),
  };
}
