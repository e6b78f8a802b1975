import { createHash } from "node:crypto";
import { formatPlatform, type Platform } from "@bootlayer/image-spec";
import { GuestError } from "./errors.ts";
import type { GuestConfig } from "./guest-config.ts";
import type { EntryContent, PreparedFile, PreparedGuest } from "./guest-plan.ts";
import { prepareFiles } from "./host-files.ts";
import { initArchitecture, readInitBinary } from "./init-binary.ts";
import { prepareModules } from "./kernel-modules.ts";

export interface PrepareOptions {
  /** What the image is for: decides which build of our init goes in. */
  readonly platform: Platform;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads everything of the host that goes into a guest: files, directories, kernel modules with what they need, and our init. Large
 * files are hashed and read again when they are written; all else is in memory from here on.
 *
 * @throws {GuestError} GUEST_ARCHITECTURE, GUEST_FILE, GUEST_MODULE. The signal's reason passes through.
 */
export async function prepareGuest(config: GuestConfig, options: PrepareOptions): Promise<PreparedGuest> {
  const { platform, signal } = options;
  signal?.throwIfAborted();
  const architecture = architectureOf(platform);
  const init = await readInitBinary(architecture);
  const files: PreparedFile[] = [];
  for (const file of config.files) files.push(...(await prepareFiles(file, signal)));
  const { directory, load = [] } = config.modules ?? {};
  const modules =
    directory === undefined
      ? { version: undefined, load: [], warnings: [] }
      : await prepareModules(directory, load, architecture, signal);
  const { warnings } = modules;
  const prepared = { config, architecture, init, files, modules, warnings };
  return { ...prepared, identity: identityOf(prepared) };
}

function architectureOf(platform: Platform): "amd64" | "arm64" {
  const architecture = initArchitecture(platform);
  if (architecture) return architecture;
  throw new GuestError(
    "GUEST_ARCHITECTURE",
    `there is no init for ${formatPlatform(platform)}`,
    "take the image for linux/amd64 or linux/arm64: --platform",
  );
}

/** Everything that was prepared, with hashes in place of bytes and without any path of the host. */
function identityOf({ config, architecture, init, files, modules }: Omit<PreparedGuest, "identity">): string {
  const { files: _, modules: __, ...rest } = config;
  const identity = JSON.stringify([
    "bootlayer-guest 1",
    rest,
    architecture,
    sha256(init),
    files.map(({ guest, mode, uid, gid, content }) => [guest, mode, uid, gid, ...contentIdentity(content)]),
    config.modules?.load ?? [],
    modules.version ?? "",
    modules.load.map(({ path, bytes }) => [path, sha256(bytes)]),
  ]);
  return sha256(Buffer.from(identity));
}

function contentIdentity(content: PreparedFile["content"]): readonly (string | number)[] {
  switch (content.kind) {
    case "directory":
      return ["directory"];
    case "symlink":
      return ["symlink", content.target];
    case "bytes":
    case "host-file":
      return ["file", ...fileIdentity(content)];
  }
}

function fileIdentity(content: EntryContent): readonly [size: number, sha256: string] {
  return content.kind === "bytes"
    ? [content.bytes.length, sha256(content.bytes)]
    : [content.size, content.sha256];
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
