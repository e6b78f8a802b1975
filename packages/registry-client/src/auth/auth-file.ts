import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as z from "zod";
import { RegistryError } from "../errors.ts";
import { parseRegistry } from "../reference.ts";
import { readSettingsFile, unusableFile } from "../settings/settings-file.ts";
import type { Credentials } from "./credentials.ts";

/** Where logins are looked for. */
export interface AuthFileOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
  /** Looked through before all others. */
  readonly authFile?: string | undefined;
}

export interface AuthFilePlaces {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory: string;
  readonly authFile: string | undefined;
}

/** An entry of `auths` (docker-config.json(5), containers-auth.json(5)); both tools keep further members. */
export interface AuthEntry {
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
}

/** What of docker's and podman's files is of use here. */
export interface AuthFile {
  readonly auths: Readonly<Record<string, AuthEntry>>;
  /** Names of helpers by registry. */
  readonly credHelpers: Readonly<Record<string, string>>;
  /** The helper of all other registries. */
  readonly credsStore: string | undefined;
}

// Loose: who writes the file again keeps what is not understood here.
const entrySchema: z.ZodType<AuthEntry> = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});

const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
  credsStore: z.string().nullish(),
});

export function authFilePlaces({
  environment = process.env,
  homeDirectory = homedir(),
  authFile,
}: AuthFileOptions): AuthFilePlaces {
  return { environment, homeDirectory, authFile };
}

/** All files that may hold logins, in the order in which they count. */
export function authFilePaths(places: AuthFilePlaces): readonly string[] {
  const { environment, homeDirectory, authFile } = places;
  const {
    REGISTRY_AUTH_FILE: named,
    XDG_RUNTIME_DIR: runtimeDirectory,
    XDG_CONFIG_HOME: configDirectory,
  } = environment;
  return [
    ...(authFile ? [authFile] : []),
    ...(named ? [named] : []),
    dockerConfigPath(places),
    ...(runtimeDirectory ? [join(runtimeDirectory, "containers/auth.json")] : []),
    join(configDirectory || join(homeDirectory, ".config"), "containers/auth.json"),
  ];
}

export function dockerConfigPath({ environment, homeDirectory }: AuthFilePlaces): string {
  return join(environment["DOCKER_CONFIG"] || join(homeDirectory, ".docker"), "config.json");
}

/** @throws {RegistryError} REGISTRY_AUTH_CONFIG, which names the file and nothing of its content. */
export async function readAuthFile(path: string): Promise<AuthFile> {
  return parseAuthFile(path, await readAuthJson(path));
}

/** The file's JSON object; an empty one where there is no file, or nothing in it. */
export async function readAuthJson(path: string): Promise<object> {
  const bytes = await readSettingsFile(path, "REGISTRY_AUTH_CONFIG");
  const text = bytes?.toString("utf8").trim() ?? "";
  if (text === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the file.
    throw unusable(path, "is no JSON");
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    throw unusable(path, "holds no JSON object");
  return json;
}

export function parseAuthFile(path: string, json: object): AuthFile {
  const { data, error } = fileSchema.safeParse(json);
  if (error) throw unusable(path, `has something unexpected in ${String(error.issues[0]?.path.at(0))}`);
  return {
    auths: data.auths ?? {},
    credHelpers: data.credHelpers ?? {},
    credsStore: data.credsStore || undefined,
  };
}

/** The helper that keeps the logins of a registry; helpers know no repositories. */
export function helperNamedFor({ credHelpers }: AuthFile, registry: string): string | undefined {
  const found = Object.entries(credHelpers).find(
    ([key]) => registryOfKey(key).name === registry.toLowerCase(),
  );
  return found?.[1] || undefined;
}

/** What a key of `auths` or `credHelpers` is for: `host`, `host/path`, or docker's old way, a URL, for the host alone. */
export function registryOfKey(key: string): { readonly name: string; readonly isLegacy: boolean } {
  const url = /^https?:\/\/([^/]+)/i.exec(key) ?? /^([^/]+)\/v[12]\/?$/.exec(key);
  const [host = "", ...path] = (url?.[1] ?? key.replace(/\/+$/, "")).split("/");
  return { name: [parseRegistry(host) ?? host, ...path].join("/"), isLegacy: url !== null };
}

/**
 * The entry with the longest key that covers the repository: `quay.io/a/b`, then `quay.io/a`, then `quay.io`; then
 * docker's old keys, which are URLs, for the host alone.
 */
export function findCredentials(
  auths: Readonly<Record<string, AuthEntry>>,
  registry: string,
  repository: string,
): Credentials | undefined {
  const plain = new Map<string, AuthEntry>();
  const legacy = new Map<string, AuthEntry>();
  for (const [key, entry] of Object.entries(auths)) {
    const { name, isLegacy } = registryOfKey(key);
    (isLegacy ? legacy : plain).set(name, entry);
  }
  const parts = [registry.toLowerCase(), ...repository.split("/")];
  for (let length = parts.length; length > 0; length--) {
    const credentials = toCredentials(plain.get(parts.slice(0, length).join("/")));
    if (credentials) return credentials;
  }
  return toCredentials(legacy.get(registry.toLowerCase()));
}

function toCredentials(entry: AuthEntry | undefined): Credentials | undefined {
  if (!entry) return undefined;
  const decoded = Buffer.from(entry.auth ?? "", "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  const username = (colon < 0 ? undefined : decoded.slice(0, colon)) ?? entry.username ?? "";
  // Docker pads with NUL what its platform's keychain returned so.
  const password = (colon < 0 ? entry.password : decoded.slice(colon + 1))?.replace(/\0+$/, "") ?? "";
  if (entry.registrytoken) return { kind: "registry-token", token: entry.registrytoken };
  if (entry.identitytoken) return { kind: "identity-token", username, token: entry.identitytoken };
  if (username === "<token>") return { kind: "identity-token", username: "", token: password };
  // `docker login` with a credential store leaves an empty entry.
  return username === "" && password === "" ? undefined : { kind: "password", username, password };
}

export function unusable(path: string, what: string, cause?: unknown): RegistryError {
  return unusableFile("REGISTRY_AUTH_CONFIG", path, what, cause);
}
