import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { normalisePlatform, type Platform } from "@bootlayer/image-spec";
import { unreadable } from "./entry-content.ts";

/** In a program of one file both builds are part of it, as base64 of gzip: its bundler defines these. */
declare const __GUEST_INIT_AMD64__: string | undefined;
declare const __GUEST_INIT_ARM64__: string | undefined;

/** Which build of our init runs on a platform; undefined where none does. */
export function initArchitecture(platform: Platform): "amd64" | "arm64" | undefined {
  const { os, architecture } = normalisePlatform(platform);
  return os === "linux" && (architecture === "amd64" || architecture === "arm64") ? architecture : undefined;
}

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
