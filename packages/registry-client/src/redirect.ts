import { RegistryError } from "./errors.ts";
import type { Confinement, HttpRequest, HttpResponse, Transport } from "./transport.ts";

const maxRedirects = 5;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export interface RedirectRules {
  /** Throws if a server may not send this machine to the URL. */
  check(url: URL): void;
  /** Headers, besides `authorization`, that are for the first host alone; in lower case. */
  readonly ownHeaders?: readonly string[];
  /** Where connections may go after the first redirect. Asked then, when the first host's address is known. */
  confinement(): Confinement;
}

/**
 * Sends a request and follows redirects, with the same method and body where that is sure to be meant: always for GET
 * and HEAD, after 307 and 308 for the others (RFC 9110, 15.4). `authorization`, other headers of the first host and its
 * client certificate are dropped for good as soon as scheme, host or port change.
 *
 * @throws {RegistryError} REGISTRY_REDIRECT_REFUSED for too many, for one that the rules forbid and for one without a
 * usable Location.
 */
export async function requestFollowing(
  transport: Transport,
  request: HttpRequest,
  rules: RedirectRules,
  signal: AbortSignal,
): Promise<HttpResponse> {
  let { url, headers, confinement, tls } = request;
  const isRead = request.method === "GET" || request.method === "HEAD";
  for (let followed = 0; ; followed++) {
    const response = await transport.request({ ...request, url, headers, confinement, tls }, signal);
    if (!redirectStatuses.has(response.status)) return response;
    await response.discard();
    if (!isRead && response.status < 307)
      throw refused(request, `a redirect by ${response.status}, after which a ${request.method} is lost`);
    if (followed === maxRedirects) throw refused(request, `more than ${maxRedirects} redirects`);
    const target = redirectTarget(response, request);
    if (target.origin !== url.origin) {
      rules.check(target);
      confinement = rules.confinement();
      headers = withoutOwn(headers, rules.ownHeaders ?? []);
      tls = undefined;
    }
    url = target;
  }
}

function withoutOwn(headers: HttpRequest["headers"], own: readonly string[]): HttpRequest["headers"] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== "authorization" && !own.includes(name)),
  );
}

function redirectTarget(response: HttpResponse, request: HttpRequest): URL {
  const [location = ""] = response.headers("location");
  const base = response.url.href;
  if (location === "" || !URL.canParse(location, base)) throw refused(request, "a redirect to nowhere");
  const url = new URL(location, base);
  if (url.username !== "" || url.password !== "") throw refused(request, "a redirect with a user in its URL");
  return url;
}

function refused({ url }: HttpRequest, what: string): RegistryError {
  return new RegistryError(
    "REGISTRY_REDIRECT_REFUSED",
    `${url.host} answers with ${what}`,
    "the registry, or a proxy before it, is not set up well",
  );
}

/**
 * Whether what `from` says may lead to `to`: TLS is never given up on the way, and plain HTTP only spoken where allowed.
 *
 * @throws {RegistryError} REGISTRY_REDIRECT_REFUSED.
 */
export function checkPlaceScheme(from: URL, to: URL, isPlainAllowed: (url: URL) => boolean): void {
  if (to.protocol === "https:") return;
  if (to.protocol === "http:" && from.protocol === "http:" && isPlainAllowed(to)) return;
  throw new RegistryError(
    "REGISTRY_REDIRECT_REFUSED",
    `${from.host} leads to ${to.protocol}//${to.host}, without TLS`,
    "allow plain HTTP for both hosts, if you trust the network between",
  );
}
