import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { elf } from "./doctor-fixtures.ts";

export const fixtureConfig =
  "# Linux/x86 6.1.5 Kernel Configuration\nCONFIG_X86_64=y\nCONFIG_EXT4_FS=m\n# CONFIG_BTRFS_FS is not set\n";

/** An unpacked kernel: ELF, a banner, and its configuration as CONFIG_IKCONFIG keeps it (kernel/configs.c). */
export function vmlinux({
  config,
  banner = "Linux version 6.1.5-test (someone)",
}: { readonly config?: string; readonly banner?: string } = {}): Buffer {
  const ikconfig =
    config === undefined
      ? []
      : // The first mark is one that a kernel's own code may hold: no gzip follows it.
        ["IKCFG_ST", "nothing", "IKCFG_ST", gzipSync(config), "IKCFG_ED"].map((part) => Buffer.from(part));
  return Buffer.concat([elf({ type: 2 }), Buffer.from(`${banner}\0`), ...ikconfig, Buffer.alloc(64)]);
}

export interface BzImageFixture {
  readonly payload: Uint8Array;
  readonly version?: string;
  readonly protocol?: number;
  readonly setupSectors?: number;
}

/** An x86 kernel with what the boot protocol tells of it, and a payload (Documentation/arch/x86/boot.rst). */
export function bzImage({
  payload,
  version = "6.1.5-test (someone@example) #1",
  protocol = 0x020f,
  setupSectors = 3,
}: BzImageFixture): Buffer {
  const setup = Buffer.alloc((setupSectors + 1) * 512);
  setup[0x1f1] = setupSectors;
  setup.writeUInt16LE(0xaa55, 0x1fe);
  setup.write("HdrS", 0x202, "latin1");
  setup.writeUInt16LE(protocol, 0x206);
  setup.writeUInt16LE(0x400 - 0x200, 0x20e);
  setup.writeUInt16LE(1, 0x236);
  setup.writeUInt32LE(32, 0x248);
  setup.writeUInt32LE(payload.length, 0x24c);
  setup.write(`${version}\0`, 0x400, "latin1");
  return Buffer.concat([setup, Buffer.alloc(32), payload, Buffer.alloc(100)]);
}

/** What the kernel's build does: gzip says its length itself, after others comes it in 4 bytes. */
export const pack = {
  gzip: (kernel: Uint8Array): Buffer => gzipSync(kernel),
  zstd: (kernel: Uint8Array): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(kernel.length);
    return Buffer.concat([zstdCompressSync(kernel), length]);
  },
  xz: (kernel: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), deflateRawSync(kernel)]),
} as const;

/** The first 64 bytes of an arm64 kernel (Documentation/arch/arm64/booting.rst), and what it holds. */
export function arm64Image(kernel: Uint8Array): Buffer {
  const header = Buffer.alloc(64);
  header.write("ARM\x64", 56, "latin1");
  return Buffer.concat([header, kernel]);
}

/** A kernel in an EFI program that unpacks itself (drivers/firmware/efi/libstub/zboot-header.S). */
export function zboot(payload: Uint8Array): Buffer {
  const header = Buffer.alloc(64);
  header.write("MZ", 0, "latin1");
  header.write("zimg", 4, "latin1");
  header.writeUInt32LE(64, 8);
  header.writeUInt32LE(payload.length, 12);
  return Buffer.concat([header, payload, Buffer.alloc(10)]);
}
