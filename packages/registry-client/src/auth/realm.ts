import { isPlainHttp, type PlainHttp } from "../endpoint.ts";
import { RegistryError } from "../errors.ts";
import type { Confinement, Transport } from "../transport.ts";

const maxRealmLength = 2048;

/**
 * The token server's URL that a registry names. It is hostile input: whoever may answer for the registry could point
 * it inside of this machine's network or ask for credentials in clear (CVE-2026-48978, CVE-2020-15157).
 *
 * @throws {RegistryError} REGISTRY_REALM_REFUSED.
 */
export function parseRealm(realm: string, registry: URL, plainHttp: PlainHttp): URL {
  if (realm.length > maxRealmLength || !URL.canParse(realm))
    throw refused(registry, `names no token server: ${JSON.stringify(realm.slice(0, 200))}`);
  const url = new URL(realm);
  if (url.username !== "" || url.password !== "")
    throw refused(registry, "names a token server with a user in its URL");
  const isPlainAllowed = registry.protocol === "http:" && isPlainHttp(url, plainHttp);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isPlainAllowed))
    throw refused(registry, `names a token server without TLS: ${url.protocol}//${url.host}`);
  url.hash = "";
  return url;
}

/** A token server may be where the registry is, or farther away; judged when the connection is made, after DNS. */
export function realmConfinement(realm: URL, registry: URL, transport: Transport): Confinement {
  return realm.host === registry.host ? "anywhere" : transport.reachOf(registry.hostname);
}

/** Token servers outside of their registry's own domain. */
const knownTokenHosts: Readonly<Record<string, readonly string[]>> = {
  "registry-1.docker.io": ["auth.docker.io"],
  "registry.hub.docker.com": ["auth.docker.io"],
};

/**
 * True if a registry's credentials may go to a token server: on the same host, below it, in the same parent domain
 * (registry.example.com and sso.example.com), well known, or told by the user.
 */
export function isTokenHostOf(registryHost: string, tokenHost: string, told: readonly string[]): boolean {
  if (tokenHost === registryHost || tokenHost.endsWith(`.${registryHost}`)) return true;
  if (told.includes(tokenHost)) return true;
  const known = Object.hasOwn(knownTokenHosts, registryHost) ? knownTokenHosts[registryHost] : undefined;
  if (known) return known.includes(tokenHost);
  const parent = registryHost.slice(registryHost.indexOf(".") + 1);
  if (!registryHost.includes(".") || isPublicSuffix(parent)) return false;
  return tokenHost === parent || tokenHost.endsWith(`.${parent}`);
}

/** A sound guess without the public suffix list: `io`, `co.uk`, `com.au`; and the numbers of an address are no domain. */
function isPublicSuffix(domain: string): boolean {
  return !domain.includes(".") || /^[a-z]{2,3}\.[a-z]{2}$/.test(domain) || /(?:^|\.)\d+$/.test(domain);
}

/** @throws {RegistryError} REGISTRY_REALM_REFUSED. */
export function checkTokenHost(registry: URL, realm: URL, told: readonly string[]): void {
  if (!isTokenHostOf(registry.hostname, realm.hostname, told))
    throw refused(registry, `asks for its credentials to be sent to ${realm.hostname}`);
}

function refused(registry: URL, what: string): RegistryError {
  return new RegistryError(
    "REGISTRY_REALM_REFUSED",
    `${registry.host} ${what}`,
    "if you trust that server, name it as a token host of this registry, and allow plain HTTP if it has no TLS",
  );
}
