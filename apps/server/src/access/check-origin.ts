import type { FastifyRequest } from "fastify";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";
import { isLoopbackAddress } from "./loopback.ts";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * What stands in for tokens on loopback, where any page that a browser of this machine shows can send requests: they must name the
 * server by loopback or one of its own names (or a name of the page's that was pointed here could read the answers), and a page of
 * elsewhere may change nothing (browsers name it in `Origin`).
 *
 * @throws {ServerError} TOKEN_MISSING with status 403.
 */
export function checkOrigin(
  { method, headers: { host = "", origin } }: Pick<FastifyRequest, "method" | "headers">,
  { ownNames }: Pick<ServerSettings, "ownNames">,
): void {
  if (!isOwnHost(host, ownNames)) throw refused(`the server is not called ${host.slice(0, 100)}`);
  if (safeMethods.has(method) || origin === undefined) return;
  if (!URL.canParse(origin) || new URL(origin).host !== host)
    throw refused(`a page of ${origin.slice(0, 100)} asks`);
}

function isOwnHost(host: string, ownNames: readonly string[]): boolean {
  if (ownNames.includes(host)) return true;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return name === "localhost" || isLoopbackAddress(name);
}

function refused(what: string): ServerError {
  const error = new ServerError(
    "TOKEN_MISSING",
    `${what}, and the server runs without tokens`,
    "name it by its address on loopback, or turn tokens on",
  );
  return Object.assign(error, { status: 403 });
}
