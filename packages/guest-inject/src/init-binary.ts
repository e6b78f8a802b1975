import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { unreadable } from "./entry-content.ts";

/** In a program of one file both builds are part of it, as base64 of gzip: its bundler defines this. */
declare const __GUEST_INIT__: Readonly<Record<"amd64" | "arm64", string>> | undefined;

/**
 * Our init, as `init/build.sh` makes it of the sources beside it: a static ELF program.
 *
 * @throws {GuestError} GUEST_FILE if this package is not whole.
 */
export async function readInitBinary(architecture: "amd64" | "arm64"): Promise<Uint8Array> {
  if (typeof __GUEST_INIT__ !== "undefined")
    return gunzipSync(Buffer.from(__GUEST_INIT__[architecture], "base64"));
  const path = fileURLToPath(new URL(`../init/bootlayer-init-${architecture}`, import.meta.url));
  try {
    return await readFile(path);
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
