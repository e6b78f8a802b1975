import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { ServerError } from "../errors.ts";
import type { ServerSettings } from "../settings.ts";

/** Whether an IP literal, in brackets or not, is of this machine alone. */
export function isLoopbackAddress(text: string): boolean {
  const bare = text.replace(/^\[(.*)\]$/, "$1");
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === "loopback";
}

/**
 * That a server which asks for no tokens is to be reached from its own machine alone. A name is looked up: all of its addresses count.
 *
 * @throws {ServerError} SERVER_LISTEN.
 */
export async function checkListen({
  listen,
  access,
}: Pick<ServerSettings, "listen" | "access">): Promise<void> {
  if (access.tokens) return;
  const addresses = await lookup(listen.host, { all: true }).catch((cause: unknown) => {
    throw new ServerError("SERVER_LISTEN", `${listen.host} has no address`, "listen on an address", {
      cause,
    });
  });
  if (addresses.length > 0 && addresses.every(({ address }) => isLoopbackAddress(address))) return;
  throw new ServerError(
    "SERVER_LISTEN",
    `${listen.host} is not on loopback, and tokens are off`,
    "turn tokens on: without them everyone who reaches the server may do everything",
  );
}
