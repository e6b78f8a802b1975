import { randomUUID } from "node:crypto";
import { mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  authFilePlaces,
  dockerConfigPath,
  helperNamedFor,
  parseAuthFile,
  readAuthJson,
  registryOfKey,
  unusable,
  type AuthFileOptions,
  type AuthFilePlaces,
} from "./auth-file.ts";
import { eraseWithHelper, storeWithHelper, type HelperLogin } from "./credential-helper.ts";
import { dockerHubServer, serverNames } from "./docker-config.ts";

/**
 * Keeps a login where docker would: in `authFile`, else in REGISTRY_AUTH_FILE, else in docker's own file; or, where that
 * file names a credential helper for the registry, with the helper. Everything else in the file stays; it is replaced
 * in one step and can be read by its owner alone.
 *
 * @returns the file or the helper that keeps it.
 * @throws {RegistryError} REGISTRY_AUTH_CONFIG, REGISTRY_CREDENTIAL_HELPER.
 */
export async function saveCredentials(
  registry: string,
  login: HelperLogin,
  options: AuthFileOptions = {},
): Promise<string> {
  const places = authFilePlaces(options);
  const path = loginFile(places);
  const json = await readAuthJson(path);
  const file = parseAuthFile(path, json);
  const helper = helperNamedFor(file, registry) ?? file.credsStore;
  const [server] = serverNames(registry);
  if (helper !== undefined) await storeWithHelper(helper, server, login, places);
  const auth = Buffer.from(`${login.username}:${login.secret}`).toString("base64");
  const auths = withoutRegistry(file.auths, registry);
  // As docker does: beside a helper an empty entry says that there is a login.
  await replaceFile(path, {
    ...json,
    auths: { ...auths, [keyIn(path, places, registry)]: helper === undefined ? { auth } : {} },
  });
  return helper === undefined ? path : `docker-credential-${helper}`;
}

/**
 * Forgets the login that `saveCredentials` keeps. Logins for parts of a registry (`quay.io/team`) stay.
 *
 * @returns what kept it; empty if nothing did.
 * @throws {RegistryError} REGISTRY_AUTH_CONFIG, REGISTRY_CREDENTIAL_HELPER.
 */
export async function removeCredentials(
  registry: string,
  options: AuthFileOptions = {},
): Promise<readonly string[]> {
  const places = authFilePlaces(options);
  const path = loginFile(places);
  const json = await readAuthJson(path);
  const file = parseAuthFile(path, json);
  const helper = helperNamedFor(file, registry) ?? file.credsStore;
  const erased: string[] = [];
  if (helper !== undefined)
    for (const server of serverNames(registry))
      if (await eraseWithHelper(helper, server, places)) erased.push(`docker-credential-${helper}`);
  const auths = withoutRegistry(file.auths, registry);
  if (Object.keys(auths).length < Object.keys(file.auths).length) {
    await replaceFile(path, { ...json, auths });
    erased.push(path);
  }
  return [...new Set(erased)];
}

function loginFile(places: AuthFilePlaces): string {
  return places.authFile || places.environment["REGISTRY_AUTH_FILE"] || dockerConfigPath(places);
}

/** Docker looks for its own registry under a URL; podman's files have the plain name. */
function keyIn(path: string, places: AuthFilePlaces, registry: string): string {
  return registry === "docker.io" && path === dockerConfigPath(places) ? dockerHubServer : registry;
}

function withoutRegistry<Entry>(
  auths: Readonly<Record<string, Entry>>,
  registry: string,
): Record<string, Entry> {
  return Object.fromEntries(
    Object.entries(auths).filter(([key]) => registryOfKey(key).name !== registry.toLowerCase()),
  );
}

/** A whole new file under the old one's name, also behind a symlink: whoever reads meanwhile sees the one or the other. */
async function replaceFile(path: string, json: object): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const target = await realpath(path).catch(() => path);
    const temporary = `${target}.${randomUUID()}.tmp`;
    try {
      await using file = await open(temporary, "wx", 0o600);
      await file.writeFile(`${JSON.stringify(json, undefined, "\t")}\n`);
      await file.sync();
      await rename(temporary, target);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw cause;
    }
    await using directory = await open(dirname(target));
    await directory.sync();
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    throw unusable(path, `cannot be written: ${String(code)}`, cause);
  }
}
