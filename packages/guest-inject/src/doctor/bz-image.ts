import { byteStringOf } from "@bootlayer/rootfs-tree";

/** What the header of an x86 kernel says (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header"). */
export interface BzImage {
  readonly architecture: "amd64" | "386";
  /** Such as `6.1.0-56-cloud-amd64`: the first word of kernel_version. */
  readonly version: string | undefined;
  /** The packed kernel, as far as it lies in the file. */
  readonly payload: Uint8Array | undefined;
}

const sector = 512;

/** Reads the setup header of a bzImage; undefined for what is none. All numbers are little-endian. */
export function parseBzImage(bytes: Uint8Array): BzImage | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < 2 * sector || file.readUInt16LE(0x1fe) !== 0xaa55) return undefined;
  if (file.toString("latin1", 0x202, 0x206) !== "HdrS") return undefined;
  const protocol = file.readUInt16LE(0x206);
  const setupSectors = file[0x1f1] || 4;
  const isLong = protocol >= 0x020c && (file.readUInt16LE(0x236) & 1) === 1;
  return {
    architecture: isLong ? "amd64" : "386",
    version: versionAt(file, file.readUInt16LE(0x20e) + sector, setupSectors * sector),
    payload: protocol >= 0x0208 ? payloadOf(file, (setupSectors + 1) * sector) : undefined,
  };
}

/** kernel_version points, less 0x200, to a NUL-terminated text within the setup sectors. */
function versionAt(file: Buffer, offset: number, setupBytes: number): string | undefined {
  if (offset === sector || offset >= Math.min(setupBytes + sector, file.length)) return undefined;
  return releaseOf(byteStringOf(file.subarray(offset, offset + 256)));
}

/** payload_offset counts from the protected-mode code. */
function payloadOf(file: Buffer, protectedMode: number): Uint8Array | undefined {
  const start = protectedMode + file.readUInt32LE(0x248);
  const length = file.readUInt32LE(0x24c);
  return length === 0 || start >= file.length ? undefined : file.subarray(start, start + length);
}

/** A kernel release at the beginning of a text: no more than a release may hold, so that it is safe to show. */
export function releaseOf(text: string): string | undefined {
  return /^\d+\.\d+[\w.+~-]{0,60}/.exec(text)?.[0];
}
