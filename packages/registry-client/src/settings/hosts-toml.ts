import { isAbsolute, join } from "node:path";
import * as z from "zod";
import type { RegistryEndpoint, RegistryRoute } from "../route.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { readPem } from "./certificates.ts";
import { settingsFault } from "./settings-file.ts";
import { httpUrl, parseToml } from "./settings-toml.ts";

const maxHosts = 64;

const texts = z.union([z.string(), z.array(z.string()).max(maxHosts)]);
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/);
const headerValue = z.string().regex(/^[\t\x20-\x7e]{0,4096}$/);

const hostSchema = z.object({
  capabilities: z.array(z.string()).max(16).optional(),
  ca: texts.optional(),
  /** A path, paths, or pairs of a certificate and its key. */
  client: z.union([texts, z.array(z.array(z.string()).min(1).max(2)).max(maxHosts)]).optional(),
  skip_verify: z.boolean().optional(),
  header: z.record(headerName, z.union([headerValue, z.array(headerValue).max(16)])).optional(),
  override_path: z.boolean().optional(),
});

const fileSchema = hostSchema.extend({
  server: z.string().optional(),
  host: z
    .record(z.string(), hostSchema)
    .refine((hosts) => Object.keys(hosts).length <= maxHosts, `has more than ${maxHosts} hosts`)
    .optional(),
});

type Host = z.output<typeof hostSchema>;

/**
 * The route that a `hosts.toml` describes (containerd's docs/hosts.md): the hosts in their order, then `server`. Tags are
 * looked up only at hosts whose `capabilities` say `resolve`: where nothing is said, mirrors give what a digest proves.
 *
 * @param path - of the file; certificates lie relative to its directory.
 * @param registry - that the file is for: what `ns` tells the hosts.
 * @throws {RegistryError} REGISTRY_SETTINGS.
 */
export async function hostsRoute(
  path: string,
  text: string,
  registry: string,
  repository: string,
): Promise<RegistryRoute> {
  const { server, host = {}, ...own } = parseToml(path, text, fileSchema);
  const mirrors: RegistryEndpoint[] = [];
  for (const [url, settings] of Object.entries(host)) {
    const { capabilities = ["pull"] } = settings;
    mirrors.push({
      ...(await endpointOf(path, url, settings, repository)),
      tags: capabilities.includes("resolve"),
      digests: capabilities.includes("pull"),
      query: { ns: registry },
    });
  }
  if (server === undefined) return { mirrors, origins: [] };
  const origin = { ...(await endpointOf(path, server, own, repository)), tags: true, digests: true };
  return { mirrors, origins: [origin] };
}

async function endpointOf(
  path: string,
  text: string,
  { ca, client, skip_verify: skipVerify, header = {}, override_path: isPathWhole }: Host,
  repository: string,
): Promise<Pick<RegistryEndpoint, "api" | "repository" | "headers" | "tls">> {
  const url = httpUrl(path, text);
  const base = url.pathname.replace(/\/+$/, "");
  const isApi = isPathWhole === true ? base !== "" : base.endsWith("/v2");
  const api = new URL(`${isApi ? base : `${base}/v2`}/`, url);
  const headers = Object.entries(header).map(([name, value]) => [
    name.toLowerCase(),
    [value].flat().join(", "),
  ]);
  return {
    api,
    repository,
    headers: Object.fromEntries(headers),
    tls: await tlsOf(path, ca, client, skipVerify),
  };
}

async function tlsOf(
  path: string,
  ca: Host["ca"],
  client: Host["client"],
  skipVerify: boolean | undefined,
): Promise<TlsSettings | undefined> {
  if (ca === undefined && client === undefined && skipVerify !== true) return undefined;
  const read = (name: string) => readPem(isAbsolute(name) ? name : join(path, "..", name));
  const authorities = await Promise.all([ca ?? []].flat().map(read));
  // One certificate is shown: the first. A file of a certificate alone has its key with it.
  const [pair] = client === undefined || typeof client === "string" ? [client] : client;
  const [cert, key = cert] = typeof pair === "string" ? [pair] : (pair ?? []);
  if (pair !== undefined && cert === undefined)
    throw settingsFault(path, "has a client without a certificate");
  return {
    ...(authorities.length === 0 ? {} : { additionalCa: authorities }),
    ...(cert === undefined || key === undefined ? {} : { cert: await read(cert), key: await read(key) }),
    ...(skipVerify === true ? { skipVerify: true } : {}),
  };
}
