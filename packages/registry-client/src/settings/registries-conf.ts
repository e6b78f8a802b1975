import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryEndpoint, RegistryRoute } from "../route.ts";
import { readSettingsFile, settingsFault } from "./settings-file.ts";

const maxDropIns = 1000;

/** A `[[registry]]` table of containers-registries.conf(5). */
export interface RegistryTable {
  /** `host[:port][/path]`, or `*.domain[/path]`. */
  readonly prefix: string;
  /** What stands instead of the prefix; empty: nothing does. */
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly MirrorTable[];
  /** Where it is written. */
  readonly file: string;
}

interface MirrorTable {
  readonly location: string;
  readonly insecure: boolean;
  readonly tags: boolean;
  readonly digests: boolean;
}

/**
 * The tables of a main file and of the drop-ins (`*.conf`, by name); a later table replaces an earlier one of the same
 * prefix. Files that are not there are passed over.
 *
 * @throws {RegistryError} REGISTRY_SETTINGS.
 */
export async function readRegistriesConf(
  mainFile: string,
  dropInDirectories: readonly string[],
): Promise<readonly RegistryTable[]> {
  const tables = new Map<string, RegistryTable>();
  const paths = [mainFile];
  for (const directory of dropInDirectories) paths.push(...(await dropIns(directory)));
  for (const path of paths) {
    const text = (await readSettingsFile(path, "REGISTRY_SETTINGS"))?.toString("utf8");
    if (text === undefined) continue;
    // Most machines have no such file, and need no reader of TOML.
    const { parseRegistriesConf } = await import("./registries-tables.ts");
    for (const table of parseRegistriesConf(path, text)) tables.set(table.prefix, table);
  }
  return [...tables.values()];
}

/** The route of the table with the longest prefix that covers the repository; undefined where no table does. */
export function registriesRoute(
  tables: readonly RegistryTable[],
  registry: string,
  repository: string,
): RegistryRoute | undefined {
  // No repository: the registry's own base, which a login asks for.
  const name = repository === "" ? registry : `${registry}/${repository}`;
  let best: { readonly table: RegistryTable; readonly rest: string } | undefined;
  for (const table of tables) {
    const rest = restBehind(table.prefix, name);
    if (rest !== undefined && !(best && best.table.prefix.length >= table.prefix.length))
      best = { table, rest };
  }
  if (!best) return undefined;
  const { table, rest } = best;
  const own = table.location === "" ? name : `${table.location}${rest}`;
  const origin = { location: own, insecure: table.insecure, tags: true, digests: true };
  const mirrors = table.mirrors.map((mirror) => ({ ...mirror, location: `${mirror.location}${rest}` }));
  // A location may stand for a whole repository's name, and then is no host alone.
  const isWhole = ({ location }: MirrorTable) => repository === "" || location.includes("/");
  return {
    mirrors: mirrors.filter(isWhole).flatMap(endpointsAt),
    origins: own !== name || table.insecure ? [origin].filter(isWhole).flatMap(endpointsAt) : [],
    blockedBy: table.blocked ? table.file : undefined,
  };
}

/** What of `host/path` stands behind a prefix; undefined if the prefix does not cover it. */
function restBehind(prefix: string, name: string): string | undefined {
  const isWildcard = prefix.startsWith("*.");
  const start = isWildcard ? name.indexOf(prefix.slice(1)) : 0;
  if (start < 0 || (isWildcard && (start === 0 || name.slice(0, start).includes("/")))) return undefined;
  if (!isWildcard && !name.startsWith(prefix)) return undefined;
  const rest = name.slice(start + prefix.length - (isWildcard ? 1 : 0));
  return rest === "" || rest.startsWith("/") ? rest : undefined;
}

/** Insecure: without a certificate that is trusted, or else without TLS. */
function endpointsAt({ location, insecure, tags, digests }: MirrorTable): RegistryEndpoint[] {
  const slash = location.indexOf("/");
  const [host, repository] =
    slash < 0 ? [location, ""] : [location.slice(0, slash), location.slice(slash + 1)];
  const api = apiHost(host);
  const endpoint = { repository, tags, digests };
  if (!insecure) return [{ ...endpoint, api: new URL(`https://${api}/v2/`) }];
  return [
    { ...endpoint, api: new URL(`https://${api}/v2/`), tls: skippingVerification },
    { ...endpoint, api: new URL(`http://${api}/v2/`) },
  ];
}

const skippingVerification = { skipVerify: true } as const;

function apiHost(registry: string): string {
  return registry === "docker.io" ? "registry-1.docker.io" : registry;
}

async function dropIns(directory: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith(".conf"));
    return names
      .toSorted()
      .slice(0, maxDropIns)
      .map((name) => join(directory, name));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw settingsFault(directory, `cannot be read: ${String(code)}`, cause);
  }
}
