import {
  parseRegistry,
  registryLogin,
  removeCredentials,
  saveCredentials,
  verifyLogin,
  type AuthFileOptions,
} from "@bootlayer/registry-client";
import type { Environment } from "./build-options.ts";
import { withCancellation } from "./cancellation.ts";
import { connectRegistry, type RegistryEnvironment } from "./connect-registry.ts";
import { BuilderError } from "./errors.ts";

/** Who wants to be known to a registry. */
export interface LoginRequest {
  /** `host[:port]`; docker's `https://index.docker.io/v1/` is docker.io. */
  readonly registry: string;
  /** `<token>`: the secret is an identity token. */
  readonly username: string;
  readonly secret: string;
  /** Where logins are kept. */
  readonly files?: AuthFileOptions;
}

export interface LoginResult {
  readonly registry: string;
  /** The file or the credential helper that keeps it. */
  readonly keptBy: string;
}

/**
 * Keeps a login, after the registry has let it in.
 *
 * @throws {BuilderError} OPTIONS_INVALID, CANCELLED. @throws {RegistryError} by kind of failure.
 */
export async function loginToRegistry(
  { registry: text, username, secret, files }: LoginRequest,
  environment: RegistryEnvironment & Pick<Environment, "signal" | "onEvent">,
): Promise<LoginResult> {
  const registry = registryNamed(text);
  if (username === "" || username.includes(":") || secret === "")
    throw new BuilderError(
      "OPTIONS_INVALID",
      `a login to ${registry} needs a user name without a colon, and a password`,
      "give the user with --username, and the password on standard input with --password-stdin",
    );
  return withCancellation(environment.signal, async (signal) => {
    const credentials = async () => registryLogin({ username, secret });
    const registries = { ...environment.registries, credentials };
    const client = connectRegistry({ ...environment, registries }, environment.onEvent ?? (() => {}));
    try {
      await verifyLogin(client, registry, signal);
    } finally {
      await client.close();
    }
    return { registry, keptBy: await saveCredentials(registry, { username, secret }, files) };
  });
}

/**
 * Forgets a login.
 *
 * @returns what kept it; empty if nothing did.
 * @throws {BuilderError} OPTIONS_INVALID. @throws {RegistryError} REGISTRY_AUTH_CONFIG, REGISTRY_CREDENTIAL_HELPER.
 */
export async function logoutOfRegistry(
  text: string,
  files?: AuthFileOptions,
): Promise<{ readonly registry: string; readonly forgottenBy: readonly string[] }> {
  const registry = registryNamed(text);
  return { registry, forgottenBy: await removeCredentials(registry, files) };
}

function registryNamed(text: string): string {
  const [host = ""] = text.replace(/^https?:\/\//i, "").split("/");
  const isWhole = /^(?:https?:\/\/)?[^/]+(?:\/(?:v[12]\/?)?)?$/i.test(text);
  const registry = isWhole ? parseRegistry(host) : undefined;
  if (registry !== undefined) return registry;
  throw new BuilderError(
    "OPTIONS_INVALID",
    `${JSON.stringify(text.slice(0, 200))} names no registry`,
    "write its host alone, such as ghcr.io or localhost:5000",
  );
}
