import { isPlainHttp, registryOrigin, type PlainHttp } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryEvent } from "./events.ts";
import { parseRegistry } from "./reference.ts";
import type { RegistryEndpoint, RouteSource } from "./route.ts";
import { mergedTls, type TlsSettings } from "./tls-settings.ts";

/** One host that a request may go to. */
export interface Place extends RegistryEndpoint {
  /** Whose name its credentials go by. */
  readonly registry: string;
  readonly kind: "mirror" | "origin";
  /** Whether this is the host that the reference names: only it gets the registry's own credentials. */
  readonly isRegistryItself: boolean;
}

/** What decides where a request may go. */
export interface Routed {
  readonly registry: string;
  readonly repository: string;
  /** Of what is read: its tag or digest. Absent: only the registry itself can answer. */
  readonly content?: { readonly reference: string } | undefined;
  readonly subject: string;
}

export interface Router {
  /**
   * In the order in which they are to be asked; the last one's word is final.
   *
   * @throws {RegistryError} REGISTRY_BLOCKED, and what the routes' source throws.
   */
  places(routed: Routed): Promise<readonly [Place, ...Place[]]>;
  /** True if the next place is to be asked. */
  passesOver(place: Place, error: unknown, subject: string): boolean;
  served(place: Place, passedOver: readonly Place[], subject: string, hasMirrors: boolean): void;
  /** What `subject`'s last answer turned out to be useless. True if it came from a mirror, which is not asked again for it. */
  rejects(subject: string, error: unknown): boolean;
}

export interface RouterOptions {
  readonly routes: RouteSource;
  readonly plainHttp: PlainHttp;
  readonly registryTls: () => Promise<TlsSettings | undefined>;
  readonly now: () => number;
  readonly emit: (event: RegistryEvent) => void;
}

/** How long a host that failed is left alone. */
const restMilliseconds = 60_000;
const maxRemembered = 10_000;

/** Errors that say that there was no talking to a host at all. */
const unspeakable: ReadonlySet<string> = new Set([
  "REGISTRY_UNREACHABLE",
  "REGISTRY_TLS",
  "REGISTRY_INTERRUPTED",
  "REGISTRY_PROTOCOL",
  "REGISTRY_STALLED",
]);
/** Errors that concern the one thing that was asked for, not the host. */
const ofContent: ReadonlySet<string> = new Set([
  "REGISTRY_NOT_FOUND",
  "REGISTRY_RANGE",
  "BLOB_SIZE",
  "BLOB_DIGEST",
  "DOCUMENT_TOO_LARGE",
]);

export function createRouter({ routes, plainHttp, registryTls, now, emit }: RouterOptions): Router {
  const restingUntil = new Map<string, number>();
  const rejected = new Set<string>();
  const servedBy = new Map<string, Place>();

  function isLeftAlone(place: Place, subject: string): boolean {
    return (restingUntil.get(keyOf(place)) ?? 0) > now() || rejected.has(`${keyOf(place)} ${subject}`);
  }

  function rest(place: Place): void {
    remember(restingUntil, keyOf(place), now() + restMilliseconds);
  }

  function itself(registry: string, repository: string, tls: TlsSettings | undefined): Place {
    const api = new URL("/v2/", registryOrigin(registry, plainHttp));
    return {
      api,
      repository,
      registry,
      kind: "origin",
      isRegistryItself: true,
      tags: true,
      digests: true,
      tls,
    };
  }

  function placeAt(
    endpoint: RegistryEndpoint,
    kind: Place["kind"],
    registry: string,
    registryTls?: TlsSettings,
  ): Place {
    const { api, tls } = endpoint;
    const isRegistryItself = api.host === registryOrigin(registry, plainHttp).host;
    const named = api.host === "registry-1.docker.io" ? "docker.io" : (parseRegistry(api.host) ?? api.host);
    const own = kind === "origin" && isRegistryItself ? registryTls : undefined;
    return {
      ...endpoint,
      registry: isRegistryItself ? registry : named,
      kind,
      isRegistryItself,
      tls: mergedTls(tls, own),
    };
  }

  return {
    async places({ registry, repository, content, subject }) {
      servedBy.delete(subject);
      const route = await routes(registry, repository);
      const ownTls = await registryTls();
      if (route?.blockedBy !== undefined)
        throw blocked(repository === "" ? registry : `${registry}/${repository}`, route.blockedBy);
      const usual = itself(registry, repository, ownTls);
      const known = (route?.origins ?? []).map((endpoint) => placeAt(endpoint, "origin", registry, ownTls));
      // What is written goes to the registry that was named, not to where reading it was sent.
      const allowed = content ? known : known.filter(({ isRegistryItself }) => isRegistryItself);
      const origins = allowed.length === 0 ? [usual] : allowed;
      const awake = origins.filter((place) => !isLeftAlone(place, subject));
      const mirrors = (route?.mirrors ?? [])
        .filter(({ tags, digests }) => content && (content.reference.includes(":") ? digests : tags))
        .map((endpoint) => placeAt(endpoint, "mirror", registry))
        .filter((place) => !isLeftAlone(place, subject));
      const [first = usual, ...others] = [...mirrors, ...(awake.length === 0 ? origins : awake)];
      return [first, ...others];
    },
    passesOver(place, error, subject) {
      const code = codeOf(error);
      if (place.kind === "origin") return unspeakable.has(code);
      if (!ofContent.has(code)) rest(place);
      emit({ kind: "mirror-failed", subject, host: place.api.host, code });
      return true;
    },
    served(place, passedOver, subject, hasMirrors) {
      for (const other of passedOver) if (other.kind === "origin") rest(other);
      const isMirror = place.kind === "mirror";
      if (isMirror) remember(servedBy, subject, place);
      if (hasMirrors) emit({ kind: "registry-served", subject, host: place.api.host, isMirror });
    },
    rejects(subject, error) {
      const place = servedBy.get(subject);
      if (!place) return false;
      servedBy.delete(subject);
      rejected.add(`${keyOf(place)} ${subject}`);
      const code = codeOf(error);
      if (!ofContent.has(code)) rest(place);
      emit({ kind: "mirror-failed", subject, host: place.api.host, code });
      return true;
    },
  };
}

/** Plain HTTP as it is allowed anyway, and for the very host that is spoken to so. */
export function plainHttpAt(origin: URL, plainHttp: PlainHttp): (host: string) => boolean {
  return (host) =>
    (origin.protocol === "http:" && host === origin.host) ||
    isPlainHttp(new URL(`http://${host}`), plainHttp);
}

function keyOf({ api, repository }: Place): string {
  return `${api.href}${repository}`;
}

function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > maxRemembered && oldest !== undefined) map.delete(oldest);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";
}

function blocked(name: string, file: string): RegistryError {
  return new RegistryError(
    "REGISTRY_BLOCKED",
    `${name} is blocked by ${file}`,
    "ask whoever keeps that file",
  );
}
