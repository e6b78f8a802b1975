import { open } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as z from "zod";
import { RegistryError } from "../errors.ts";
import { parseRegistry } from "../reference.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";

export interface DockerConfigOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly homeDirectory?: string;
}

const maxConfigBytes = 2 ** 20;

/** An entry of `auths` (docker-config.json(5), containers-auth.json(5)); both tools keep further members. */
interface Entry {
  readonly auth?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly identitytoken?: string | undefined;
  readonly registrytoken?: string | undefined;
}

const entrySchema: z.ZodType<Entry> = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});

const configSchema = z.object({ auths: z.record(z.string(), entrySchema).nullish() });

/**
 * The logins that docker, podman, skopeo and buildah keep. The first file with an entry for the repository counts:
 * `REGISTRY_AUTH_FILE`; `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`; `containers/auth.json` in
 * `XDG_RUNTIME_DIR` and in `XDG_CONFIG_HOME` or `~/.config`. Files are read anew each time: a login may come meanwhile.
 *
 * The source throws {RegistryError} REGISTRY_AUTH_CONFIG, which names the file and nothing of its content.
 */
export function dockerConfigCredentials({
  environment = process.env,
  homeDirectory = homedir(),
}: DockerConfigOptions = {}): CredentialSource {
  return async (registry, repository) => {
    for (const path of configPaths(environment, homeDirectory)) {
      const credentials = findCredentials(await readAuths(path), registry, repository);
      if (credentials) return credentials;
    }
    return undefined;
  };
}

function configPaths(
  environment: Readonly<Record<string, string | undefined>>,
  homeDirectory: string,
): readonly string[] {
  const {
    REGISTRY_AUTH_FILE: named,
    DOCKER_CONFIG: dockerDirectory,
    XDG_RUNTIME_DIR: runtimeDirectory,
    XDG_CONFIG_HOME: configDirectory,
  } = environment;
  return [
    ...(named ? [named] : []),
    join(dockerDirectory || join(homeDirectory, ".docker"), "config.json"),
    ...(runtimeDirectory ? [join(runtimeDirectory, "containers/auth.json")] : []),
    join(configDirectory || join(homeDirectory, ".config"), "containers/auth.json"),
  ];
}

async function readAuths(path: string): Promise<Readonly<Record<string, Entry>>> {
  const bytes = await readBounded(path);
  if (bytes === undefined) return {};
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString("utf8"));
  } catch {
    // The parser's own message quotes the file.
    throw unusable(path, "is no JSON");
  }
  const { data, error } = configSchema.safeParse(json);
  if (error) {
    const [issue] = error.issues;
    throw unusable(path, `has something unexpected in ${issue?.path.at(0) === "auths" ? "auths" : "it"}`);
  }
  return data.auths ?? {};
}

async function readBounded(path: string): Promise<Buffer | undefined> {
  try {
    await using file = await open(path);
    const buffer = Buffer.alloc(maxConfigBytes + 1);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maxConfigBytes) throw unusable(path, `has more than ${maxConfigBytes} bytes`);
    return buffer.subarray(0, bytesRead);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    if (cause instanceof RegistryError) throw cause;
    throw unusable(path, `cannot be read: ${String(code)}`, cause);
  }
}

function unusable(path: string, what: string, cause?: unknown): RegistryError {
  return new RegistryError("REGISTRY_AUTH_CONFIG", `${path} ${what}`, "mend the file, or log in again", {
    cause,
  });
}

/**
 * The entry with the longest key that covers the repository: `quay.io/a/b`, then `quay.io/a`, then `quay.io`; then
 * docker's old keys, which are URLs, for the host alone.
 */
export function findCredentials(
  auths: Readonly<Record<string, Entry>>,
  registry: string,
  repository: string,
): Credentials | undefined {
  const plain = new Map<string, Entry>();
  const legacy = new Map<string, Entry>();
  for (const [key, entry] of Object.entries(auths)) {
    const url = /^https?:\/\/([^/]+)/i.exec(key) ?? /^([^/]+)\/v[12]\/?$/.exec(key);
    const [host = "", ...path] = (url?.[1] ?? key.replace(/\/+$/, "")).split("/");
    const name = [parseRegistry(host) ?? host, ...path].join("/");
    (url ? legacy : plain).set(name, entry);
  }
  const parts = [registry.toLowerCase(), ...repository.split("/")];
  for (let length = parts.length; length > 0; length--) {
    const credentials = toCredentials(plain.get(parts.slice(0, length).join("/")));
    if (credentials) return credentials;
  }
  return toCredentials(legacy.get(registry.toLowerCase()));
}

function toCredentials(entry: Entry | undefined): Credentials | undefined {
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
