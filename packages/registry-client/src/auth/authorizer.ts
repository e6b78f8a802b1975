import type { Clock } from "../clock.ts";
import { RegistryError } from "../errors.ts";
import type { Challenge } from "./challenge.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { basicAuthorization, type Credentials, type CredentialSource } from "./credentials.ts";
import type { AccessToken, TokenRequest } from "./token.ts";

/** What a request wants to do, and where. */
export interface AccessTarget {
  readonly registry: string;
  readonly repository: string;
  readonly actions: "pull" | "pull,push";
  /** What the request needs besides: `repository:other/name:pull`, to mount a blob from there. */
  readonly furtherScopes?: readonly string[];
  /** Of the registry's API. */
  readonly origin: URL;
  /** How the registry's own host is spoken to, also where it is the token server. */
  readonly tls?: TlsSettings | undefined;
}

/** Knows what to send as `Authorization`, and remembers it by registry and scope. */
export interface Authorizer {
  /** What has worked before, renewed if it is about to expire; undefined before the first challenge. */
  current(target: AccessTarget, signal: AbortSignal): Promise<string | undefined>;
  /**
   * What answers a 401's challenges. `rejected` is what the request had sent: another caller may have got something
   * newer meanwhile.
   *
   * @throws {RegistryError} REGISTRY_UNAUTHORIZED when there is nothing to answer with, and what `fetchToken` throws.
   */
  answer(
    target: AccessTarget,
    challenges: readonly Challenge[],
    rejected: string | undefined,
    signal: AbortSignal,
  ): Promise<string>;
}

interface Grant {
  readonly header: string;
  /** Milliseconds since the epoch. */
  readonly renewAt: number;
}

interface Entry {
  readonly challenge: Challenge;
  readonly grant: Promise<Grant>;
  /** Infinite while the grant is being fetched. */
  renewAt: number;
}

const maxEntries = 1000;
const maxScopes = 16;
/** Renewed after this part of its life, so that it does not expire on the way. */
const usefulLife = 0.8;

export function createAuthorizer(
  credentials: CredentialSource,
  fetchToken: (request: TokenRequest) => Promise<AccessToken>,
  clock: Clock,
): Authorizer {
  const entries = new Map<string, Entry>();

  /** Synchronous up to the entry, so that all who come after share the one request. */
  function begin(target: AccessTarget, challenge: Challenge): Promise<Grant> {
    const key = keyOf(target);
    const entry: Entry = { challenge, grant: obtain(target, challenge), renewAt: Number.POSITIVE_INFINITY };
    entries.delete(key);
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    void settle(key, entry);
    return entry.grant;
  }

  /** A grant that came is renewed in time; one that failed is forgotten, so that the next caller tries anew. */
  async function settle(key: string, entry: Entry): Promise<void> {
    try {
      const { renewAt } = await entry.grant;
      entry.renewAt = renewAt;
    } catch {
      if (entries.get(key) === entry) entries.delete(key);
    }
  }

  async function obtain(target: AccessTarget, challenge: Challenge): Promise<Grant> {
    const found = await credentials(target.registry, target.repository);
    if (challenge.scheme === "basic") return basicGrant(target, found);
    if (found?.kind === "registry-token") return lasting(`Bearer ${found.token}`);
    const { token, lifetimeSeconds } = await fetchToken({
      registry: target.origin,
      tls: target.tls,
      realm: challenge.parameters.get("realm") ?? "",
      service: challenge.parameters.get("service"),
      scopes: scopesOf(target, challenge),
      credentials: found,
    });
    return { header: `Bearer ${token}`, renewAt: clock.now() + lifetimeSeconds * 1000 * usefulLife };
  }

  return {
    async current(target, signal) {
      const entry = entries.get(keyOf(target));
      if (!entry) return undefined;
      const grant = clock.now() < entry.renewAt ? entry.grant : begin(target, entry.challenge);
      return (await unlessAborted(grant, signal)).header;
    },
    async answer(target, challenges, rejected, signal) {
      const challenge = chooseChallenge(target, challenges);
      const known = entries.get(keyOf(target));
      if (known) {
        const { header } = await unlessAborted(known.grant, signal);
        if (header !== rejected) return header;
      }
      const latest = entries.get(keyOf(target));
      const grant = latest && latest !== known ? latest.grant : begin(target, challenge);
      return (await unlessAborted(grant, signal)).header;
    },
  };
}

function keyOf({ origin, repository, actions, furtherScopes = [] }: AccessTarget): string {
  return [origin.origin, repository, actions, ...furtherScopes.toSorted()].join(" ");
}

/** Bearer before Basic: it shows the password to the token server alone. */
function chooseChallenge(target: AccessTarget, challenges: readonly Challenge[]): Challenge {
  const chosen =
    challenges.find(({ scheme, parameters }) => scheme === "bearer" && parameters.has("realm")) ??
    challenges.find(({ scheme }) => scheme === "basic");
  if (chosen) return chosen;
  const offered = challenges.map(({ scheme }) => scheme.slice(0, 30)).slice(0, 5);
  throw new RegistryError(
    "REGISTRY_UNAUTHORIZED",
    `${target.registry} asks for a login ${offered.length === 0 ? "without saying which" : `by ${offered.join(", ")}`}`,
    "only Basic and Bearer are spoken here",
    { status: 401 },
  );
}

function basicGrant({ registry }: AccessTarget, found: Credentials | undefined): Grant {
  if (found?.kind === "password") return lasting(basicAuthorization(found.username, found.password));
  throw new RegistryError(
    "REGISTRY_UNAUTHORIZED",
    `${registry} asks for a user name and a password, and none are known for it`,
    "log in to the registry first",
    { status: 401 },
  );
}

function lasting(header: string): Grant {
  return { header, renewAt: Number.POSITIVE_INFINITY };
}

/** What the registry asks for, and what this request needs in any case. */
function scopesOf(
  { repository, actions, furtherScopes = [] }: AccessTarget,
  { parameters }: Challenge,
): readonly string[] {
  const asked = (parameters.get("scope") ?? "").split(/\s+/).filter((scope) => scope !== "");
  // A login is for no repository.
  const own = repository === "" ? [] : [`repository:${repository}:${actions}`];
  const needed = [...own, ...furtherScopes];
  return [...new Set([...asked.slice(0, maxScopes), ...needed])];
}

/** The shared request goes on for the others when one of its callers gives up. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
