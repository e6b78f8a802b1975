import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { unreadable } from "./entry-content.ts";

/** In a program of one file both builds are part of it, as base64 of gzip: its bundler defines these. */
declare const __GUEST_INIT_AMD64__: string | undefined;
declare const __GUEST_INIT_ARM64__: string | undefined;

/**
 * Our init, as `init/build.sh` makes it of the sources beside it: a static ELF program.
 *
 * @throws {GuestError} GUEST_FILE if this package is not whole.
 */
export async function readInitBinary(architecture: "amd64" | "arm64"): Promise<Uint8Array> {
  if (typeof __GUEST_INIT_AMD64__ !== "undefined" && typeof __GUEST_INIT_ARM64__ !== "undefined") {
    const packed = architecture === "amd64" ? __GUEST_INIT_AMD64__ : __GUEST_INIT_ARM64__;
    return gunzipSync(Buffer.from(packed, "base64"));
  }
  const path = fileURLToPath(new URL(`../init/bootlayer-init-${architecture}`, import.meta.url));
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
