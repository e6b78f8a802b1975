import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface ModuleFixture {
  readonly depends?: readonly string[];
  readonly softdep?: string;
  readonly vermagic?: string;
  /** e_machine. */
  readonly machine?: number;
}

/** A kernel module that says what it needs and has no code (elf(5), section headers; Linux, include/linux/moduleinfo.h). */
export function kernelModule({
  depends = [],
  softdep,
  vermagic = "6.1.0-test SMP",
  machine = 62,
}: ModuleFixture = {}): Buffer {
  const items = [
    `depends=${depends.join(",")}`,
    ...(softdep === undefined ? [] : [`softdep=${softdep}`]),
    `vermagic=${vermagic}`,
  ];
  const modinfo = Buffer.from(items.map((item) => `${item}\0`).join(""));
  const names = Buffer.from("\0.modinfo\0.shstrtab\0");
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(1, 16);
  header.writeUInt16LE(machine, 18);
  header.writeBigUInt64LE(BigInt(64 + modinfo.length + names.length), 40);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(3, 60);
  header.writeUInt16LE(2, 62);
  const sections = [
    section(0, 0, 0),
    section(1, 64, modinfo.length),
    section(10, 64 + modinfo.length, names.length),
  ];
  return Buffer.concat([header, modinfo, names, ...sections]);
}

function section(name: number, offset: number, size: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32LE(name, 0);
  header.writeBigUInt64LE(BigInt(offset), 24);
  header.writeBigUInt64LE(BigInt(size), 32);
  return header;
}

/** Writes files below a directory, such as a `lib/modules/VERSION`. */
export async function writeModules(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return directory;
}
