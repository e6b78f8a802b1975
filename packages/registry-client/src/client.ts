import { parseDigest, type Digest } from "@bootlayer/image-spec";
import { createAuthorizer, type AccessTarget, type Authorizer } from "./auth/authorizer.ts";
import { parseChallenges } from "./auth/challenge.ts";
import { secretsInHeader, type CredentialSource } from "./auth/credentials.ts";
import type { AccessToken } from "./auth/token.ts";
import { registryOrigin } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryEvent } from "./events.ts";
import { parseOptions, type RegistryClientOptions, type ResolvedOptions } from "./options.ts";
import { checkPlaceScheme, requestFollowing, type RedirectRules } from "./redirect.ts";
import { printable } from "./printable.ts";
import { provenBody } from "./proven-body.ts";
import { retryDelay } from "./retry.ts";
import { createRouter, plainHttpAt, type Place } from "./router.ts";
import { createTransport, type HttpMethod, type HttpResponse, type RequestBody } from "./transport.ts";
import { createTurns } from "./turns.ts";

// What answers refusals is loaded with the first one: a pull of what is at hand should not wait for it.

async function errorResponse(
  ...given: Parameters<typeof import("./error-response.ts").errorResponse>
): Promise<RegistryError> {
  return (await import("./error-response.ts")).errorResponse(...given);
}

async function fetchToken(
  ...given: Parameters<typeof import("./auth/token.ts").fetchToken>
): Promise<AccessToken> {
  return (await import("./auth/token.ts")).fetchToken(...given);
}

/** One request of a repository's API, mostly below `/v2/<repository>/` (distribution-spec "API"). */
export interface RegistryRequest {
  readonly registry: string;
  readonly repository: string;
  readonly method: HttpMethod;
  /**
   * What stands behind the repository: `manifests/latest`. Or a whole URL that the registry has answered with, for an
   * upload: outside of the registry it is held to the rules of redirects and gets no Authorization.
   */
  readonly path: string | URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** What the request needs to be allowed. `pull` if absent. */
  readonly actions?: AccessTarget["actions"];
  /** Access that the request needs besides: `repository:other/name:pull`, to mount a blob from there. */
  readonly furtherScopes?: readonly string[];
  /**
   * Counts for no limit of the client's, and waits for none: of an upload, which has its turn as a whole (`uploadTurn`), and may
   * have to end before the requests can that its bytes come by.
   */
  readonly isUncounted?: boolean;
  /** What is asked for, as error messages name it. */
  readonly subject: string;
}

/** One request for a URL of a descriptor's `urls` (image-spec descriptor.md). */
export interface ElsewhereRequest extends Pick<
  RegistryRequest,
  "registry" | "headers" | "subject" | "body" | "isUncounted"
> {
  readonly url: URL;
  /** GET if absent. */
  readonly method?: HttpMethod;
}

/**
 * Connections, tokens and rules shared by all requests of a program: make one and close it at the end. The functions of
 * this package take it as their first argument; what is below them is here for what they do not cover.
 */
export interface RegistryClient {
  /**
   * One attempt of one request: authorised, redirected, and a success (2xx), or else a typed error.
   *
   * @throws {RegistryError} by kind of failure; an aborted signal's reason.
   */
  send(request: RegistryRequest, signal: AbortSignal): Promise<HttpResponse>;
  /**
   * One attempt at a place outside of the registry that one of its manifests names: anonymous, and with TLS unless the
   * registry itself has none.
   */
  sendElsewhere(request: ElsewhereRequest, signal: AbortSignal): Promise<HttpResponse>;
  /**
   * Waits before an attempt after `failures` failed ones, the last of them with `error`.
   *
   * @throws `error` itself where a further attempt is of no use.
   */
  pause(error: unknown, failures: number, subject: string, signal: AbortSignal): Promise<void>;
  /**
   * Waits until one more upload to the registry may be under way, of as many as requests may be, which are counted by themselves: what
   * is uploaded may come by this client too. What it answers with ends it.
   */
  uploadTurn(registry: string, signal: AbortSignal): Promise<() => void>;
  /** How large blobs of this registry may be split. */
  parallelRanges(registry: string): { readonly ranges: number; readonly slowBytesPerSecond: number };
  /** From now on no blob of this registry is split. */
  keepToOneStream(registry: string): void;
  emit(event: RegistryEvent): void;
  /** Ends every connection; requests under way fail with REGISTRY_CLOSED. */
  close(): Promise<void>;
}

/** @throws {RegistryError} REGISTRY_OPTIONS. */
export function createRegistryClient(options: RegistryClientOptions = {}): RegistryClient {
  const settings = parseOptions(options);
  const { clock, plainHttp } = settings;
  const transport = createTransport(settings);
  const closing = new AbortController();
  const warn = warnOnce(settings);
  const singleStreams = new Set<string>();
  const uploads = createTurns({ perHost: settings.maxConnectionsPerHost, inAll: settings.maxConnections });

  const router = createRouter({
    routes: settings.routes,
    plainHttp,
    registryTls: settings.registryTls,
    now: clock.now,
    emit: settings.onEvent,
  });

  function authorizerWith(credentials: CredentialSource): Authorizer {
    return createAuthorizer(
      credentials,
      async (request) => {
        const limit = AbortSignal.timeout(settings.stallMilliseconds * 2);
        const { tokenHosts } = settings;
        const context = { transport, clock, plainHttp: plainHttpAt(request.registry, plainHttp), tokenHosts };
        try {
          return await fetchToken(request, context, AbortSignal.any([closing.signal, limit]));
        } catch (cause) {
          throw limit.aborted ? slowTokenServer(request.registry, cause) : cause;
        }
      },
      clock,
    );
  }

  // Two that share nothing: what is known for a registry cannot get to a mirror of it.
  const authorizers = {
    registry: authorizerWith(settings.credentials),
    others: authorizerWith(settings.mirrorCredentials),
  };

  function rulesFrom(origin: URL, ownHeaders: readonly string[] = []): RedirectRules {
    const isPlain = plainHttpAt(origin, plainHttp);
    return {
      check: (to) => checkPlaceScheme(origin, to, ({ host }) => isPlain(host)),
      ownHeaders,
      // Storage may be on a private network behind a public registry; this machine itself, only behind one on it.
      confinement: () => (transport.reachOf(origin.hostname) === "loopback" ? "loopback" : "private"),
    };
  }

  async function send(request: RegistryRequest, caller: AbortSignal): Promise<HttpResponse> {
    const signal = AbortSignal.any([caller, closing.signal]);
    signal.throwIfAborted();
    const { subject } = request;
    const places = await router.places({ ...request, content: contentOf(request) });
    const hasMirrors = places.some(({ kind }) => kind === "mirror");
    const last = places.length - 1;
    const passedOver: Place[] = [];
    for (const place of places.slice(0, last)) {
      try {
        const response = await sendTo(place, request, signal);
        router.served(place, passedOver, subject, hasMirrors);
        return place.kind === "mirror" ? provenBody(response, contentOf(request)?.digest, subject) : response;
      } catch (error) {
        signal.throwIfAborted();
        if (!router.passesOver(place, error, subject)) throw error;
        passedOver.push(place);
      }
    }
    const place = places[last] ?? places[0];
    const response = await sendTo(place, request, signal);
    router.served(place, passedOver, subject, hasMirrors || passedOver.length > 0);
    return response;
  }

  async function sendTo(place: Place, request: RegistryRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { registry, repository, api: origin, tls, headers: ownHeaders = {} } = place;
    const { method, path, body, subject, actions = "pull", furtherScopes = [] } = request;
    const { isUncounted = false } = request;
    const authorizer = place.isRegistryItself ? authorizers.registry : authorizers.others;
    const target = { registry, repository, actions, furtherScopes, origin, tls };
    const url = typeof path === "string" ? urlAt(place, path) : path;
    if (url.origin !== origin.origin) return sendElsewhere({ ...request, url }, signal);
    const rules = rulesFrom(origin, Object.keys(ownHeaders));
    let authorization = await authorizer.current(target, signal);
    for (let challenged = false; ; challenged = true) {
      const headers = {
        ...request.headers,
        ...ownHeaders,
        ...(authorization === undefined ? {} : { authorization }),
      };
      const first = { method, url, headers, body, confinement: "anywhere", tls, isUncounted } as const;
      const response = await requestFollowing(transport, first, rules, signal);
      const isRegistry = response.url.origin === origin.origin;
      if (isRegistry) warn(registry, response.headers("warning"));
      if (response.status >= 200 && response.status < 300) return response;
      const secrets = [...Object.values(ownHeaders), authorization].flatMap(secretsInHeader);
      if (response.status !== 401 || challenged || !isRegistry)
        throw await errorResponse(response, subject, {
          now: clock.now(),
          secrets,
          isStorage: !isRegistry,
        });
      const challenges = parseChallenges(response.headers("www-authenticate"));
      await response.discard();
      authorization = await authorizer.answer(target, challenges, authorization, signal);
    }
  }

  async function sendElsewhere(request: ElsewhereRequest, caller: AbortSignal): Promise<HttpResponse> {
    const signal = AbortSignal.any([caller, closing.signal]);
    const { registry, url, method = "GET", headers, body, subject, isUncounted = false } = request;
    const rules = rulesFrom(registryOrigin(registry, plainHttp));
    rules.check(url);
    const first = { method, url, headers, body, confinement: rules.confinement(), isUncounted } as const;
    const response = await requestFollowing(transport, first, rules, signal);
    if (response.status >= 200 && response.status < 300) return response;
    throw await errorResponse(response, subject, { now: clock.now(), secrets: [] });
  }

  return {
    send,
    sendElsewhere,
    async pause(error, failures, subject, signal) {
      signal.throwIfAborted();
      // What a mirror answered was of no use: the next host is asked at once.
      if (router.rejects(subject, error)) return;
      if (!(error instanceof RegistryError)) throw error;
      const delayMilliseconds = retryDelay(error, failures, settings.retry, clock.random);
      if (delayMilliseconds === undefined) throw error;
      settings.onEvent({ kind: "registry-retry", subject, code: error.code, delayMilliseconds });
      await clock.sleep(delayMilliseconds, AbortSignal.any([signal, closing.signal]));
    },
    uploadTurn: (registry, signal) => uploads.begin(registry, AbortSignal.any([signal, closing.signal])),
    parallelRanges(registry) {
      const { parallelRanges, slowBytesPerSecond } = settings;
      return { ranges: singleStreams.has(registry) ? 1 : parallelRanges, slowBytesPerSecond };
    },
    keepToOneStream: (registry) => void singleStreams.add(registry),
    emit: settings.onEvent,
    async close() {
      closing.abort(
        new RegistryError(
          "REGISTRY_CLOSED",
          "the registry client was closed",
          "use a client until it is closed",
        ),
      );
      await transport.close();
    },
  };
}

function urlAt({ api, repository, query = {} }: Place, path: string): URL {
  // The API's own base is asked for by a login.
  const url = new URL(repository === "" ? path : `${repository}/${path}`, api);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** What of a repository a request reads: the only thing that mirrors are asked for. */
function contentOf({ method, path, actions }: RegistryRequest): Content | undefined {
  const [, kind, reference] = (typeof path === "string" && /^(manifests|blobs)\/([^/?]+)$/.exec(path)) || [];
  if (reference === undefined || actions === "pull,push" || (method !== "GET" && method !== "HEAD"))
    return undefined;
  return { reference, digest: kind === "blobs" && method === "GET" ? parseDigest(reference) : undefined };
}

interface Content {
  readonly reference: string;
  /** Of a blob. */
  readonly digest: Digest | undefined;
}

function slowTokenServer({ host }: URL, cause: unknown): RegistryError {
  return new RegistryError("REGISTRY_STALLED", `the token server of ${host} is too slow`, "try again", {
    cause,
    isTransient: true,
  });
}

const maxWarnings = 1000;

function warnOnce({ onEvent }: ResolvedOptions): (registry: string, lines: readonly string[]) => void {
  const seen = new Set<string>();
  return (registry, lines) => {
    for (const line of lines) {
      // distribution-spec "Warnings": always this code, agent and form.
      const [, quoted] = /^299 - "((?:[^"\\]|\\.)*)"/.exec(line) ?? [];
      if (quoted === undefined) continue;
      const text = printable(quoted.replaceAll(/\\(.)/g, "$1")).slice(0, 500);
      const key = `${registry} ${text}`;
      if (seen.has(key) || seen.size >= maxWarnings) continue;
      seen.add(key);
      onEvent({ kind: "registry-warning", registry, text });
    }
  };
}
