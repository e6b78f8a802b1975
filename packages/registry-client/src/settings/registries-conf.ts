import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { parseRegistry } from "../reference.ts";
import type { RegistryEndpoint, RegistryRoute } from "../route.ts";
import { readSettingsFile } from "./settings-file.ts";
import { parseToml, settingsFault } from "./settings-toml.ts";

const maxTables = 1000;

const mirrorSchema = z.object({
  location: z.string(),
  insecure: z.boolean().default(false),
  "pull-from-mirror": z.enum(["all", "digest-only", "tag-only", ""]).default(""),
});

const registrySchema = z.object({
  prefix: z.string().default(""),
  location: z.string().default(""),
  insecure: z.boolean().default(false),
  blocked: z.boolean().default(false),
  "mirror-by-digest-only": z.boolean().default(false),
  mirror: z.array(mirrorSchema).max(64).default([]),
});

const fileSchema = z.object({ registry: z.array(registrySchema).max(maxTables).default([]) });

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
    for (const table of parseRegistriesConf(path, text)) tables.set(table.prefix, table);
  }
  return [...tables.values()];
}

/** @throws {RegistryError} REGISTRY_SETTINGS. */
export function parseRegistriesConf(path: string, text: string): readonly RegistryTable[] {
  return parseToml(path, text, fileSchema).registry.map((table) => {
    const { insecure, blocked, "mirror-by-digest-only": byDigest } = table;
    const prefix = checkedPlace(path, table.prefix || table.location, true);
    // A wildcard stands for many hosts: none of them is the location.
    const kept = table.location === "" && prefix.startsWith("*.") ? "" : table.location || prefix;
    const location = kept === "" ? "" : checkedPlace(path, kept, false);
    const mirrors = table.mirror.map((mirror) => {
      const { "pull-from-mirror": use } = mirror;
      if (byDigest && use !== "")
        throw settingsFault(path, "has both mirror-by-digest-only and pull-from-mirror in one registry");
      return {
        location: checkedPlace(path, mirror.location, false),
        insecure: mirror.insecure,
        tags: use === "all" || use === "tag-only",
        digests: use !== "tag-only",
      };
    });
    return { prefix, location, insecure, blocked, mirrors, file: path };
  });
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

/** `host[:port][/path]` in one spelling. */
function checkedPlace(path: string, text: string, mayBeWildcard: boolean): string {
  const [host = "", ...parts] = text.replace(/\/+$/, "").split("/");
  const isWildcard = mayBeWildcard && host.startsWith("*.");
  const registry = parseRegistry(isWildcard ? host.slice(2) : host);
  const isName = parts.every((part) => /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(part));
  if (registry === undefined || !isName || text.length > 1000)
    throw settingsFault(path, `names a place that is no registry: ${JSON.stringify(text.slice(0, 200))}`);
  return [`${isWildcard ? "*." : ""}${registry}`, ...parts].join("/");
}

async function dropIns(directory: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith(".conf"));
    return names
      .toSorted()
      .slice(0, maxTables)
      .map((name) => join(directory, name));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw settingsFault(directory, `cannot be read: ${String(code)}`, cause);
  }
}
