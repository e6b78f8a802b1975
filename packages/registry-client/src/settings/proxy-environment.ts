import { BlockList, isIP } from "node:net";
import { isLoopbackHost, unbracketed } from "../address-reach.ts";
import { RegistryError } from "../errors.ts";

/** The proxy through which a URL is reached; undefined: none. */
export type ProxySource = (url: URL) => URL | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/** One word of NO_PROXY. */
type Exception = (hostname: string, port: string) => boolean;

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * Proxies as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name them, lower case first. NO_PROXY is a list of host
 * names, which also stand for the hosts below them (with a dot or `*.` before: for those alone), addresses, networks
 * (`10.0.0.0/8`), each with a `:port` if need be, and `*`. This machine itself is never reached through a proxy.
 *
 * @throws {RegistryError} REGISTRY_SETTINGS for a proxy that is no http, https or socks5 URL, whose text is not shown: it
 * may hold a password.
 */
export function proxyFromEnvironment(environment: Environment): ProxySource {
  const all = proxyUrl(environment, "ALL_PROXY");
  const proxies: Readonly<Record<string, URL | undefined>> = {
    "http:": proxyUrl(environment, "HTTP_PROXY") ?? all,
    "https:": proxyUrl(environment, "HTTPS_PROXY") ?? all,
  };
  const exceptions = (variable(environment, "NO_PROXY") ?? "")
    .split(/[\s,]+/)
    .filter((word) => word !== "")
    .map(parseException);
  return (url) => {
    const hostname = unbracketed(url.hostname).toLowerCase().replace(/\.$/, "");
    const port = url.port || (defaultPorts[url.protocol] ?? "");
    if (isLoopbackHost(url.hostname) || exceptions.some((isExcepted) => isExcepted(hostname, port)))
      return undefined;
    return proxies[url.protocol];
  };
}

function variable(environment: Environment, name: string): string | undefined {
  return environment[name.toLowerCase()] || environment[name] || undefined;
}

function proxyUrl(environment: Environment, name: string): URL | undefined {
  const text = variable(environment, name)?.trim();
  if (!text) return undefined;
  // As curl takes it: a host and port alone are those of an http proxy; it always leaves names to a SOCKS proxy.
  const spelled = (/^[a-z0-9]+:\/\//i.test(text) ? text : `http://${text}`).replace(
    /^socks5?h?:/i,
    "socks5:",
  );
  const url = URL.parse(spelled);
  if (!url || url.hostname === "" || !/^(?:https?|socks5):$/.test(url.protocol))
    throw new RegistryError(
      "REGISTRY_SETTINGS",
      `${name} in the environment is no proxy's URL`,
      "write http://host:port, https://host:port or socks5://host:port, a password percent-encoded",
    );
  return url;
}

function parseException(word: string): Exception {
  const [, bracketed, plain = "", port] = /^(?:\[([^\]]*)\]|(.*?))(?::(\d+))?$/.exec(word) ?? [];
  const isAddress = isIP(word) !== 0;
  const name = (isAddress ? word : (bracketed ?? plain)).toLowerCase().replace(/\.$/, "");
  const wanted = isAddress ? undefined : port;
  const isHost = hostException(name);
  return (hostname, actual) => (wanted === undefined || wanted === actual) && isHost(hostname);
}

function hostException(name: string): (hostname: string) => boolean {
  if (name === "*") return () => true;
  const network = networkException(name);
  if (network) return network;
  const base = name.replace(/^\*?\./, "");
  const isOnlyBelow = base !== name;
  return (hostname) => (!isOnlyBelow && hostname === base) || hostname.endsWith(`.${base}`);
}

function networkException(name: string): ((hostname: string) => boolean) | undefined {
  const [, network = "", prefix] = /^([^/]+?)(?:\/(\d{1,3}))?$/.exec(name) ?? [];
  const version = isIP(network);
  const bits = prefix === undefined ? (version === 4 ? 32 : 128) : Number(prefix);
  if (version === 0 || bits > (version === 4 ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(network, bits, version === 4 ? "ipv4" : "ipv6");
  return (hostname) => {
    const found = isIP(hostname);
    return found !== 0 && list.check(hostname, found === 4 ? "ipv4" : "ipv6");
  };
}
