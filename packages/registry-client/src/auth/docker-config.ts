import type { AuthFile, AuthFileOptions } from "./auth-file.ts";
import type { HelperContext } from "./credential-helper.ts";
import type { Credentials, CredentialSource } from "./credentials.ts";

export interface DockerConfigOptions extends AuthFileOptions {
  /** How long a credential helper may take. 30,000 if absent. */
  readonly helperMilliseconds?: number;
}

/**
 * The logins that docker, podman, skopeo and buildah keep. The first file with one for the repository counts:
 * `authFile`; `REGISTRY_AUTH_FILE`; `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`; `containers/auth.json` in
 * `XDG_RUNTIME_DIR` and in `XDG_CONFIG_HOME` or `~/.config`. In a file, the helper that `credHelpers` names for the
 * registry comes first, then `auths` with the longest key, then the helper of all registries, `credsStore`. Files are
 * read anew each time: a login may come meanwhile.
 *
 * The source throws {RegistryError} REGISTRY_AUTH_CONFIG, which names the file and nothing of its content, and
 * REGISTRY_CREDENTIAL_HELPER, which names the helper and nothing of what it printed.
 */
export function dockerConfigCredentials(options: DockerConfigOptions = {}): CredentialSource {
  const { helperMilliseconds } = options;
  return async (registry, repository) => {
    // Only when somebody asks for a login: most pulls are anonymous.
    const { authFilePaths, authFilePlaces, readAuthFile } = await import("./auth-file.ts");
    const places = authFilePlaces(options);
    const context: HelperContext = {
      environment: places.environment,
      ...(helperMilliseconds === undefined ? {} : { helperMilliseconds }),
    };
    for (const path of authFilePaths(places)) {
      const credentials = await lookUp(await readAuthFile(path), registry, repository, context);
      if (credentials) return credentials;
    }
    return undefined;
  };
}

async function lookUp(
  file: AuthFile,
  registry: string,
  repository: string,
  context: HelperContext,
): Promise<Credentials | undefined> {
  const { findCredentials, helperNamedFor } = await import("./auth-file.ts");
  const own = helperNamedFor(file, registry);
  const kept =
    (own === undefined ? undefined : await askHelper(own, registry, context)) ??
    findCredentials(file.auths, registry, repository);
  if (kept || file.credsStore === undefined || file.credsStore === own) return kept;
  return askHelper(file.credsStore, registry, context);
}

async function askHelper(
  name: string,
  registry: string,
  context: HelperContext,
): Promise<Credentials | undefined> {
  const { getFromHelper } = await import("./credential-helper.ts");
  for (const server of serverNames(registry)) {
    const credentials = await getFromHelper(name, server, context);
    if (credentials) return credentials;
  }
  return undefined;
}

/** What docker calls a registry when it talks to a helper, and what podman does. */
export function serverNames(registry: string): readonly [string, ...string[]] {
  return registry === "docker.io" ? [dockerHubServer, registry] : [registry];
}

export const dockerHubServer = "https://index.docker.io/v1/";
