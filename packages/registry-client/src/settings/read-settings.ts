import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { dockerConfigCredentials } from "../auth/docker-config.ts";
import type { CredentialSource } from "../auth/credentials.ts";
import type { RegistryRoute, RouteSource } from "../route.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { certificatesFor, readPem } from "./certificates.ts";
import { hostsRoute } from "./hosts-toml.ts";
import { proxyFromEnvironment, type ProxySource } from "./proxy-environment.ts";
import { readRegistriesConf, registriesRoute, type RegistryTable } from "./registries-conf.ts";
import { readSettingsFile } from "./settings-file.ts";

/** Where settings are looked for, and what a person says beside them. */
export interface RegistrySettingsOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly home?: string;
  /** Instead of `/etc`. */
  readonly systemDirectory?: string;
  /** A file of logins that counts before all others. */
  readonly authFile?: string | undefined;
  /** For the registry itself, before any file; never for a mirror. */
  readonly credentials?: CredentialSource | undefined;
  /** PEM file of an authority that is trusted besides the others, for every host. */
  readonly caFile?: string | undefined;
  /** PEM files of the certificate that is shown to the registry itself, and its key. */
  readonly clientCertificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
}

/** What the files and the environment say; to be spread into the options of `createRegistryClient`. */
export interface RegistrySettings {
  readonly credentials: CredentialSource;
  readonly mirrorCredentials: CredentialSource;
  readonly routes: RouteSource;
  readonly tls: (host: string) => Promise<TlsSettings | undefined>;
  readonly registryTls?: TlsSettings;
  readonly proxy: ProxySource;
}

/**
 * What the machine's and the user's files and environment say of registries: logins (`dockerConfigCredentials`),
 * mirrors (containerd's `hosts.toml`, and `registries.conf` with its drop-ins), certificates (docker's and podman's
 * `certs.d`), proxies. Files of a registry are read when it is first asked for.
 *
 * @throws {RegistryError} REGISTRY_SETTINGS; later, from what it answers with, also REGISTRY_AUTH_CONFIG and
 * REGISTRY_CREDENTIAL_HELPER.
 */
export async function readRegistrySettings({
  env = process.env,
  home = homedir(),
  systemDirectory = "/etc",
  authFile,
  credentials,
  caFile,
  clientCertificate: client,
}: RegistrySettingsOptions = {}): Promise<RegistrySettings> {
  const userDirectory = env["XDG_CONFIG_HOME"] || join(home, ".config");
  const files = dockerConfigCredentials({ environment: env, homeDirectory: home, authFile });
  const additionalCa = caFile === undefined ? [] : [await readPem(caFile)];
  const registryTls = client && { cert: await readPem(client.certFile), key: await readPem(client.keyFile) };
  const certificateDirectories = [
    join(userDirectory, "containers/certs.d"),
    join(systemDirectory, "containers/certs.d"),
    join(systemDirectory, "docker/certs.d"),
  ];
  return {
    credentials: async (registry, repository) =>
      (await credentials?.(registry, repository)) ?? (await files(registry, repository)),
    mirrorCredentials: files,
    routes: routesFrom(
      [
        join(userDirectory, "containerd/certs.d"),
        join(systemDirectory, "containerd/certs.d"),
        join(systemDirectory, "docker/certs.d"),
      ],
      () => registriesTables(env, userDirectory, systemDirectory),
    ),
    async tls(host) {
      const found = await certificatesFor(host, certificateDirectories);
      if (additionalCa.length === 0) return found;
      return { ...found, additionalCa: [...additionalCa, ...(found?.additionalCa ?? [])] };
    },
    ...(registryTls === undefined ? {} : { registryTls }),
    proxy: proxyFromEnvironment(env),
  };
}

/** The user's main file stands instead of the machine's; drop-ins of both count, the user's last. */
async function registriesTables(
  env: Readonly<Record<string, string | undefined>>,
  userDirectory: string,
  systemDirectory: string,
): Promise<readonly RegistryTable[]> {
  const users = join(userDirectory, "containers/registries.conf");
  const named = env["CONTAINERS_REGISTRIES_CONF"];
  const isUsers = (await readSettingsFile(users, "REGISTRY_SETTINGS")) !== undefined;
  const main = named || (isUsers ? users : join(systemDirectory, "containers/registries.conf"));
  return readRegistriesConf(main, [
    join(systemDirectory, "containers/registries.conf.d"),
    join(userDirectory, "containers/registries.conf.d"),
  ]);
}

/** `hosts.toml` of the registry's own directory counts before `registries.conf`, and that before the one of `_default`. */
function routesFrom(
  hostsDirectories: readonly string[],
  readTables: () => Promise<readonly RegistryTable[]>,
): RouteSource {
  const known = new Map<string, Promise<RegistryRoute | undefined>>();
  let tables: Promise<readonly RegistryTable[]> | undefined;

  async function find(registry: string, repository: string): Promise<RegistryRoute | undefined> {
    const hosts = (names: readonly string[]) => readHosts(hostsDirectories, names, registry, repository);
    const listed = registriesRoute(await (tables ??= readTables()), registry, repository);
    const own = await hosts(directoryNames(registry));
    if (own) return { ...own, blockedBy: listed?.blockedBy };
    return listed ?? hosts(["_default"]);
  }

  return (registry, repository) => {
    const key = `${registry}/${repository}`;
    const route = known.get(key) ?? find(registry, repository);
    known.set(key, route);
    return route;
  };
}

/** containerd also writes `host_port_`, for file systems without colons. */
function directoryNames(registry: string): readonly string[] {
  const port = /^(.*):(\d+)$/.exec(registry);
  return port ? [`${port[1]}_${port[2]}_`, registry] : [registry];
}

async function readHosts(
  directories: readonly string[],
  names: readonly string[],
  registry: string,
  repository: string,
): Promise<RegistryRoute | undefined> {
  for (const name of names)
    for (const directory of directories) {
      const path = join(directory, name, "hosts.toml");
      const bytes = await readSettingsFile(path, "REGISTRY_SETTINGS");
      if (bytes) return hostsRoute(path, bytes.toString("utf8"), registry, repository);
    }
  return undefined;
}
