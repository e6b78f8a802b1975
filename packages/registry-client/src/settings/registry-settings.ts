import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { dockerConfigCredentials } from "../auth/docker-config.ts";
import type { CredentialSource } from "../auth/credentials.ts";
import { isLoopbackHost } from "../address-reach.ts";
import type { RegistryRoute, RouteSource } from "../route.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { certificatesFor, readPem } from "./certificates.ts";
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

/** What the files and the environment say, read when it is asked for; to be spread into `RegistryClientOptions`. */
export interface RegistrySettings {
  readonly credentials: CredentialSource;
  readonly mirrorCredentials: CredentialSource;
  readonly routes: RouteSource;
  readonly tls: (host: string) => Promise<TlsSettings | undefined>;
  readonly registryTls: () => Promise<TlsSettings | undefined>;
  readonly proxy: ProxySource;
  /** False where an authority or a client's certificate is given: then TLS is meant on loopback too. */
  readonly plainHttp?: false;
}

/**
 * What the machine's and the user's files and environment say of registries: logins (`dockerConfigCredentials`),
 * mirrors (containerd's `hosts.toml`, and `registries.conf` with its drop-ins), certificates (docker's and podman's
 * `certs.d`), proxies. Nothing is read before it is needed, and what is said of a registry only once.
 *
 * What it gives throws {RegistryError} REGISTRY_SETTINGS, REGISTRY_AUTH_CONFIG and REGISTRY_CREDENTIAL_HELPER.
 */
export function registrySettings({
  env = process.env,
  home = homedir(),
  systemDirectory = "/etc",
  authFile,
  credentials,
  caFile,
  clientCertificate: client,
}: RegistrySettingsOptions = {}): RegistrySettings {
  const userDirectory = env["XDG_CONFIG_HOME"] || join(home, ".config");
  const files = dockerConfigCredentials({ environment: env, homeDirectory: home, authFile });
  const authority = once(async () => (caFile === undefined ? [] : [await readPem(caFile)]));
  const proxies = once(() => proxyFromEnvironment(env));
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
      once(() => registriesTables(env, userDirectory, systemDirectory)),
      async (registry) => (await certificatesFor(registry, certificateDirectories)) !== undefined,
    ),
    async tls(host) {
      const additionalCa = await authority();
      const found = await certificatesFor(host, certificateDirectories);
      if (additionalCa.length === 0) return found;
      return { ...found, additionalCa: [...additionalCa, ...(found?.additionalCa ?? [])] };
    },
    registryTls: once(
      async () => client && { cert: await readPem(client.certFile), key: await readPem(client.keyFile) },
    ),
    proxy: (url) => proxies()(url),
    ...(caFile === undefined && client === undefined ? {} : { plainHttp: false as const }),
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
  hasCertificates: (registry: string) => Promise<boolean>,
): RouteSource {
  const known = new Map<string, Promise<RegistryRoute | undefined>>();

  async function find(registry: string, repository: string): Promise<RegistryRoute | undefined> {
    const hosts = (names: readonly string[]) => readHosts(hostsDirectories, names, registry, repository);
    const listed = registriesRoute(await readTables(), registry, repository);
    const own = await hosts(directoryNames(registry));
    if (own) return { ...own, blockedBy: listed?.blockedBy };
    return listed ?? (await hosts(["_default"]));
  }

  /** On loopback, where plain HTTP is usual, a directory of certificates says that this registry speaks TLS. */
  async function findWithTls(registry: string, repository: string): Promise<RegistryRoute | undefined> {
    const route = await find(registry, repository);
    const isNear = isLoopbackHost(new URL(`http://${registry}`).hostname);
    if (!isNear || (route && route.origins.length > 0) || !(await hasCertificates(registry))) return route;
    const api = new URL(`https://${registry}/v2/`);
    return { mirrors: [], ...route, origins: [{ api, repository, tags: true, digests: true }] };
  }

  return (registry, repository) => {
    const key = `${registry}/${repository}`;
    const route = known.get(key) ?? findWithTls(registry, repository);
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
      if (!bytes) continue;
      const { hostsRoute } = await import("./hosts-toml.ts");
      return hostsRoute(path, bytes.toString("utf8"), registry, repository);
    }
  return undefined;
}

/** Made when it is first asked for. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}
