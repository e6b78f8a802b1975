import { open } from "node:fs/promises";
import { RegistryError, type RegistryErrorCode } from "../errors.ts";

const maxBytes = 2 ** 20;
/** Hardly any file of settings is longer. */
const usualBytes = 16 * 1024;

/**
 * A whole file of settings, of at most 1 MiB; undefined if there is none.
 *
 * @throws {RegistryError} with `code`; it names the file and nothing of its content.
 */
export async function readSettingsFile(path: string, code: RegistryErrorCode): Promise<Buffer | undefined> {
  try {
    await using file = await open(path);
    let buffer = Buffer.alloc(usualBytes);
    let length = 0;
    for (let read = -1; read !== 0; length += read) {
      if (length > maxBytes) throw unusableFile(code, path, `has more than ${maxBytes} bytes`);
      if (length === buffer.length) buffer = Buffer.concat([buffer, Buffer.alloc(length)]);
      ({ bytesRead: read } = await file.read(buffer, length, buffer.length - length, length));
    }
    return buffer.subarray(0, length);
  } catch (cause) {
    const system = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (system === "ENOENT" || system === "ENOTDIR") return undefined;
    if (cause instanceof RegistryError) throw cause;
    throw unusableFile(code, path, `cannot be read: ${String(system)}`, cause);
  }
}

export function unusableFile(
  code: RegistryErrorCode,
  path: string,
  what: string,
  cause?: unknown,
): RegistryError {
  const hint = code === "REGISTRY_AUTH_CONFIG" ? "mend the file, or log in again" : "mend the file";
  return new RegistryError(code, `${path} ${what}`, hint, { cause });
}

export function settingsFault(path: string, what: string, cause?: unknown): RegistryError {
  return new RegistryError("REGISTRY_SETTINGS", `${path} ${what}`, "mend the file", { cause });
}
