import { isIPv6 } from "node:net";
import { parseRegistry } from "@bootlayer/image-builder";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";

const loopback = ["localhost", "127.0.0.1", "::1"];
const everywhere: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);

/**
 * The addresses of this server's own registry, as references spell them: image-builder's `ownRegistries`. The names that a
 * person gave come first; then the one listened on, with all names of loopback where that is among it.
 *
 * @throws {ServerError} SERVER_SETTINGS for a name that cannot stand in a reference.
 */
export function ownAddresses({
  ownNames,
  listen,
}: Pick<ServerSettings, "ownNames" | "listen">): readonly string[] {
  const given = ownNames.map((name) => {
    const address = parseRegistry(name);
    if (address !== undefined && (/[.:]/.test(address) || address === "localhost")) return address;
    throw new ServerError(
      "SERVER_SETTINGS",
      `own name ${JSON.stringify(name.slice(0, 200))} is no registry's address`,
      "write host:port, as images pushed here are named",
    );
  });
  const hosts = everywhere.has(listen.host) || loopback.includes(listen.host) ? loopback : [listen.host];
  const listened = hosts.map((host) => parseRegistry(`${isIPv6(host) ? `[${host}]` : host}:${listen.port}`));
  return [...new Set([...given, ...listened.filter((address) => address !== undefined)])];
}
