import { byteStringOf, type ByteString } from "@bootlayer/rootfs-tree";

/** What Linux needs of a program to execute it (elf(5); the checks are those of execve's load_elf_binary). */
export type ElfAnswer = Readonly<
  | { kind: "elf"; header: ElfHeader }
  | { kind: "not-elf" }
  | { kind: "malformed"; reason: string }
  /** The bytes that were given are not enough: the file's first `length` are needed. */
  | { kind: "incomplete"; length: number }
>;

export interface ElfHeader {
  readonly class: 32 | 64;
  readonly data: "little" | "big";
  /** e_machine. */
  readonly machine: number;
  /** e_type: 2 (ET_EXEC) and 3 (ET_DYN) can be executed. */
  readonly type: number;
  /** The path in PT_INTERP, which loads the program's libraries; undefined for a static program. */
  readonly interpreter: ByteString | undefined;
}

/** Linux reads no program headers beyond this. */
const maxProgramHeaderBytes = 65_536;
/** PATH_MAX, with the NUL. */
const maxInterpreterBytes = 4096;
const interpreterType = 3;

/** OCI's words for e_machine, by class and byte order where these tell architectures apart. */
const machines: ReadonlyMap<number, Readonly<Record<`${32 | 64} ${"little" | "big"}`, string>>> = new Map([
  [3, sameFor("386")],
  [8, { "32 little": "mipsle", "32 big": "mips", "64 little": "mips64le", "64 big": "mips64" }],
  [20, sameFor("ppc")],
  [21, { ...sameFor("ppc64"), "64 little": "ppc64le" }],
  [22, { ...sameFor("s390"), "64 big": "s390x" }],
  [40, sameFor("arm")],
  [62, sameFor("amd64")],
  [183, sameFor("arm64")],
  [243, { ...sameFor("riscv"), "64 little": "riscv64" }],
  [258, sameFor("loong64")],
]);

/** The architecture in OCI's words, or `machine N` for one without. */
export function elfArchitecture(header: ElfHeader): string {
  return machines.get(header.machine)?.[`${header.class} ${header.data}`] ?? `machine ${header.machine}`;
}

/**
 * Reads an ELF header and the program headers from the first bytes of a file. Every offset is checked; nothing is read
 * but the header, one table of at most 64 KiB and one path of at most 4,096 bytes.
 *
 * @param fileSize - of the whole file, of which `bytes` may be the beginning.
 */
export function parseElf(bytes: Uint8Array, fileSize: number): ElfAnswer {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 4 || file.readUInt32BE(0) !== 0x7f454c46) return { kind: "not-elf" };
  if (file.length < 20) return missing(20, fileSize);
  const bits = file[4] === 1 ? 32 : file[4] === 2 ? 64 : undefined;
  const order = file[5] === 1 ? "little" : file[5] === 2 ? "big" : undefined;
  if (bits === undefined || order === undefined) return malformed("its class or byte order is unknown");
  const headerLength = bits === 64 ? 64 : 52;
  if (file.length < headerLength) return missing(headerLength, fileSize);

  const read = fieldReader(file, order);
  const header = { class: bits, data: order, type: read.u16(16), machine: read.u16(18) } as const;
  const tableOffset = bits === 64 ? read.u64(32) : read.u32(28);
  const entryLength = read.u16(bits === 64 ? 54 : 42);
  const entries = read.u16(bits === 64 ? 56 : 44);
  if (entries === 0) return { kind: "elf", header: { ...header, interpreter: undefined } };
  if (entryLength !== (bits === 64 ? 56 : 32)) return malformed("its program headers have a wrong length");
  if (entries * entryLength > maxProgramHeaderBytes) return malformed("it has too many program headers");
  const tableEnd = tableOffset + entries * entryLength;
  if (tableEnd > file.length) return missing(tableEnd, fileSize);

  for (let at = tableOffset; at < tableEnd; at += entryLength) {
    if (read.u32(at) !== interpreterType) continue;
    const offset = bits === 64 ? read.u64(at + 8) : read.u32(at + 4);
    const length = bits === 64 ? read.u64(at + 32) : read.u32(at + 16);
    if (length < 2 || length > maxInterpreterBytes)
      return malformed("its interpreter's path has a wrong length");
    if (offset + length > file.length) return missing(offset + length, fileSize);
    const path = file.subarray(offset, offset + length);
    if (path.at(-1) !== 0) return malformed("its interpreter's path does not end");
    const interpreter = byteStringOf(path.subarray(0, path.indexOf(0)));
    return { kind: "elf", header: { ...header, interpreter } };
  }
  return { kind: "elf", header: { ...header, interpreter: undefined } };
}

function missing(length: number, fileSize: number): ElfAnswer {
  return length <= fileSize ? { kind: "incomplete", length } : malformed("it ends before its headers do");
}

function malformed(reason: string): ElfAnswer {
  return { kind: "malformed", reason };
}

interface FieldReader {
  readonly u16: (offset: number) => number;
  readonly u32: (offset: number) => number;
  /** Beyond 2^53 it is rounded, and beyond any file either way. */
  readonly u64: (offset: number) => number;
}

function fieldReader(file: Buffer, order: "little" | "big"): FieldReader {
  return order === "little"
    ? {
        u16: (offset) => file.readUInt16LE(offset),
        u32: (offset) => file.readUInt32LE(offset),
        u64: (offset) => Number(file.readBigUInt64LE(offset)),
      }
    : {
        u16: (offset) => file.readUInt16BE(offset),
        u32: (offset) => file.readUInt32BE(offset),
        u64: (offset) => Number(file.readBigUInt64BE(offset)),
      };
}

function sameFor(name: string): Record<`${32 | 64} ${"little" | "big"}`, string> {
  return { "32 little": name, "32 big": name, "64 little": name, "64 big": name };
}
