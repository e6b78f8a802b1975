import { open } from "node:fs/promises";
import { GuestError } from "../errors.ts";

/** Refuses what QEMU would try to execute as if it were a kernel. */
export async function checkKernelImage(path: string): Promise<void> {
  const head = await readHead(path);
  if (isKernelImage(head)) return;
  throw new GuestError(
    "GUEST_KERNEL",
    `${path} is no kernel image`,
    "give a bzImage, a vmlinux, or an arm64 Image",
  );
}

/** By their marks: bzImage (HdrS), vmlinux (ELF), arm64 Image, EFI (MZ), and Image.gz. */
function isKernelImage(head: Buffer): boolean {
  const at = (offset: number, mark: string): boolean =>
    head.toString("latin1", offset, offset + mark.length) === mark;
  return at(0x202, "HdrS") || at(0, "\x7fELF") || at(56, "ARM\x64") || at(0, "MZ") || at(0, "\x1f\x8b");
}

async function readHead(path: string): Promise<Buffer> {
  try {
    await using file = await open(path);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    throw new GuestError("GUEST_KERNEL", `${path} cannot be read`, "check the path and its permissions", {
      cause,
    });
  }
}
