import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { unreadable } from "./entry-content.ts";

/**
 * Our init, as `init/build.sh` makes it of the sources beside it: a static ELF program.
 *
 * @throws {GuestError} GUEST_FILE if this package is not whole.
 */
export async function readInitBinary(architecture: "amd64" | "arm64"): Promise<Uint8Array> {
  const path = fileURLToPath(new URL(`../init/bootlayer-init-${architecture}`, import.meta.url));
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
