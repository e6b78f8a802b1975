import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { parseRegistry } from "../reference.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { readSettingsFile, settingsFault } from "./settings-file.ts";

const maxFiles = 100;

/**
 * What a directory of certificates says of a host (docker's "certs.d", containers-certs.d(5)): `*.crt` are authorities
 * trusted besides the usual ones; `NAME.cert` is shown to the host, with the key in `NAME.key`. The first of the
 * directories that has one for the host counts.
 *
 * @throws {RegistryError} REGISTRY_SETTINGS.
 */
export async function certificatesFor(
  host: string,
  directories: readonly string[],
): Promise<TlsSettings | undefined> {
  // A name from a server must not lead out of the directories.
  const registry = parseRegistry(host);
  if (registry === undefined) return undefined;
  for (const parent of directories)
    for (const name of registry === "registry-1.docker.io" ? ["docker.io", registry] : [registry]) {
      const directory = join(parent, name);
      const files = await filesIn(directory);
      if (files) return readCertificates(directory, files);
    }
  return undefined;
}

async function readCertificates(directory: string, files: readonly string[]): Promise<TlsSettings> {
  const ending = (suffix: string) => files.filter((name) => name.endsWith(suffix)).slice(0, maxFiles);
  const additionalCa = await Promise.all(ending(".crt").map((name) => readPem(join(directory, name))));
  const [client] = ending(".cert");
  if (client === undefined) return { additionalCa };
  const key = client.replace(/\.cert$/, ".key");
  if (!files.includes(key)) throw settingsFault(join(directory, client), `has no key beside it: ${key}`);
  return {
    additionalCa,
    cert: await readPem(join(directory, client)),
    key: await readPem(join(directory, key)),
  };
}

/** In their order; undefined where there is no such directory. */
async function filesIn(directory: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(directory)).toSorted();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw settingsFault(directory, `cannot be read: ${String(code)}`, cause);
  }
}

/** @throws {RegistryError} REGISTRY_SETTINGS where there is none. */
export async function readPem(path: string): Promise<string> {
  const text = (await readSettingsFile(path, "REGISTRY_SETTINGS"))?.toString("latin1");
  if (text === undefined) throw settingsFault(path, "is not there");
  if (!text.includes("-----BEGIN ")) throw settingsFault(path, "is no PEM");
  return text;
}
