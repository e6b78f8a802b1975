import { byteStringOf } from "@bootlayer/rootfs-tree";

/** What a kernel module says of itself in its section `.modinfo` (Linux, include/linux/moduleinfo.h). */
export interface ModuleInfo {
  /** Modules whose symbols it uses, with `_` for `-`. */
  readonly depends: readonly string[];
  /** What should be there before it and after it: modules or aliases (modprobe.d(5), softdep). */
  readonly softdepPre: readonly string[];
  readonly softdepPost: readonly string[];
  /** `6.1.0-56-cloud-amd64 SMP preempt mod_unload`; empty if it does not say. */
  readonly vermagic: string;
}

const headerBytes = 64;
const sectionBytes = 64;

/**
 * Reads a module's `.modinfo`, a list of `name=value` that end in NUL, from an ELF file of 64 bits and little-endian, as amd64
 * and arm64 have them (elf(5), section headers). Undefined if it is none or its offsets lie outside of it.
 */
export function readModuleInfo(module: Uint8Array): ModuleInfo | undefined {
  const section = modinfo(Buffer.from(module.buffer, module.byteOffset, module.byteLength));
  if (section === undefined) return undefined;
  const values = (name: string): string[] =>
    byteStringOf(section)
      .split("\0")
      .flatMap((item) => (item.startsWith(`${name}=`) ? [item.slice(name.length + 1)] : []));
  const softdeps = values("softdep").map(parseSoftdep);
  return {
    depends: values("depends").flatMap((list) =>
      list
        .split(",")
        .filter((name) => name !== "")
        .map(moduleName),
    ),
    softdepPre: softdeps.flatMap(({ pre }) => pre),
    softdepPost: softdeps.flatMap(({ post }) => post),
    vermagic: values("vermagic")[0] ?? "",
  };
}

/** One spelling for each module: the kernel takes `-` and `_` for the same. */
export function moduleName(text: string): string {
  return text.replaceAll("-", "_");
}

/** `pre: a b post: c`, without the name in front that modules.softdep has. */
export function parseSoftdep(text: string): { readonly pre: string[]; readonly post: string[] } {
  const lists = { pre: [] as string[], post: [] as string[] };
  let list: string[] | undefined;
  for (const word of text.split(/\s+/))
    if (word === "pre:") list = lists.pre;
    else if (word === "post:") list = lists.post;
    else if (word !== "") list?.push(moduleName(word));
  return lists;
}

function modinfo(file: Buffer): Uint8Array | undefined {
  const isElf64Little = file.length >= headerBytes && file.readUInt32BE(0) === 0x7f454c46;
  if (!isElf64Little || file[4] !== 2 || file[5] !== 1 || file.readUInt16LE(58) !== sectionBytes)
    return undefined;
  const table = Number(file.readBigUInt64LE(40));
  const count = file.readUInt16LE(60);
  const nameSection = file.readUInt16LE(62);
  if (table + count * sectionBytes > file.length || nameSection >= count) return undefined;
  const section = (index: number): Buffer | undefined => {
    const header = table + index * sectionBytes;
    const offset = Number(file.readBigUInt64LE(header + 24));
    const size = Number(file.readBigUInt64LE(header + 32));
    return offset + size <= file.length ? file.subarray(offset, offset + size) : undefined;
  };
  const names = section(nameSection);
  if (names === undefined) return undefined;
  for (let index = 0; index < count; index++) {
    const name = file.readUInt32LE(table + index * sectionBytes);
    if (names.subarray(name, name + 9).equals(Buffer.from(".modinfo\0"))) return section(index);
    // `subarray` stops at the end, so a name's offset beyond it finds nothing.
  }
  return undefined;
}
