import * as z from "zod";
import { parseRegistry } from "../reference.ts";
import type { RegistryTable } from "./registries-conf.ts";
import { settingsFault } from "./settings-file.ts";
import { parseToml } from "./settings-toml.ts";

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

/**
 * The tables of one file, as it is written.
 *
 * @throws {RegistryError} REGISTRY_SETTINGS.
 */
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
