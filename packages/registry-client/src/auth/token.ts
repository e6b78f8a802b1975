import * as z from "zod";
import { boundedBody } from "../bounded-body.ts";
import type { Clock } from "../clock.ts";
import type { PlainHttp } from "../endpoint.ts";
import { errorResponse } from "../error-response.ts";
import { RegistryError } from "../errors.ts";
import { requestFollowing } from "../redirect.ts";
import type { HttpResponse, Transport } from "../transport.ts";
import type { TlsSettings } from "../tls-settings.ts";
import { basicAuthorization, type Credentials } from "./credentials.ts";
import { checkTokenHost, parseRealm, realmConfinement } from "./realm.ts";

export interface TokenRequest {
  readonly registry: URL;
  /** For a token server on the registry's own host. */
  readonly tls?: TlsSettings | undefined;
  /** The Bearer challenge's parameters. */
  readonly realm: string;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
  readonly credentials: Exclude<Credentials, { kind: "registry-token" }> | undefined;
}

export interface AccessToken {
  readonly token: string;
  /** Counted from the answer's arrival: the server's clock need not be ours. */
  readonly lifetimeSeconds: number;
}

export interface TokenContext {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly plainHttp: PlainHttp;
  readonly tokenHosts: (registryHost: string) => readonly string[];
}

const maxTokenResponse = 64 * 1024;
/** distribution "Token Authentication": what is meant when `expires_in` is absent; less is of no use. */
const minLifetimeSeconds = 60;

const tokenSchema = z.object({
  token: z.string().nullish(),
  access_token: z.string().nullish(),
  expires_in: z.number().nullish().catch(undefined),
});

/**
 * Gets an access token (distribution "Token Authentication Specification" and "OAuth2 Token Authentication").
 *
 * @throws {RegistryError} REGISTRY_REALM_REFUSED before anything is sent to a server that must not get it, and what any
 * request throws.
 */
export async function fetchToken(
  request: TokenRequest,
  context: TokenContext,
  signal: AbortSignal,
): Promise<AccessToken> {
  const realm = parseRealm(request.realm, request.registry, context.plainHttp);
  if (request.credentials) checkTokenHost(request.registry, realm, context.tokenHosts(request.registry.host));
  const posted =
    request.credentials?.kind === "identity-token"
      ? await postRefreshToken(request, request.credentials.token, realm, context, signal)
      : undefined;
  const response = posted ?? (await getToken(request, realm, context, signal));
  if (response.status !== 200)
    throw await errorResponse(response, `token for ${request.registry.host}`, {
      now: context.clock.now(),
      secrets: secretsOf(request.credentials),
    });
  return parseToken(await boundedBody(response, maxTokenResponse, "a token"), realm);
}

/** Undefined when the server knows only the older way, which these statuses say. */
async function postRefreshToken(
  { registry, tls, service, scopes }: TokenRequest,
  refreshToken: string,
  realm: URL,
  { transport }: TokenContext,
  signal: AbortSignal,
): Promise<HttpResponse | undefined> {
  const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "bootlayer" });
  form.set("service", service ?? "");
  form.set("scope", scopes.join(" "));
  form.set("refresh_token", refreshToken);
  // Sent without following redirects: a redirect would carry the refresh token on.
  const response = await transport.request(
    {
      method: "POST",
      isUncounted: true,
      url: realm,
      headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
      body: form.toString(),
      confinement: realmConfinement(realm, registry, transport),
      tls: realm.origin === registry.origin ? tls : undefined,
    },
    signal,
  );
  if (![401, 404, 405].includes(response.status)) return response;
  await response.discard();
  return undefined;
}

function getToken(
  { registry, tls, service, scopes, credentials }: TokenRequest,
  realm: URL,
  { transport, plainHttp }: TokenContext,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const headers: Record<string, string> = { accept: "application/json" };
  if (credentials) {
    const { username } = credentials;
    if (username !== "") url.searchParams.set("account", username);
    headers["authorization"] = basicAuthorization(
      username,
      credentials.kind === "password" ? credentials.password : credentials.token,
    );
  }
  return requestFollowing(
    transport,
    {
      method: "GET",
      isUncounted: true,
      url,
      headers,
      confinement: realmConfinement(realm, registry, transport),
      tls: realm.origin === registry.origin ? tls : undefined,
    },
    {
      check: (target) => void parseRealm(target.href, registry, plainHttp),
      confinement: () => transport.reachOf(registry.hostname),
    },
    signal,
  );
}

/** @throws {RegistryError} REGISTRY_PROTOCOL. Nothing of the body is repeated: it may hold a token. */
export function parseToken(body: Uint8Array, realm: URL): AccessToken {
  const parsed = tokenSchema.safeParse(jsonOrUndefined(body));
  const token = parsed.data?.token || parsed.data?.access_token;
  // A token with a line break would end the header that it is sent in.
  if (!token || !/^[\x21-\x7e]+$/.test(token))
    throw new RegistryError(
      "REGISTRY_PROTOCOL",
      `the token server ${realm.host} answers without a token`,
      "the registry names a token server that is none",
    );
  return { token, lifetimeSeconds: Math.max(minLifetimeSeconds, parsed.data?.expires_in ?? 0) };
}

function jsonOrUndefined(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

export function secretsOf(credentials: Credentials | undefined): readonly string[] {
  if (!credentials) return [];
  if (credentials.kind === "registry-token") return [credentials.token];
  const secret = credentials.kind === "password" ? credentials.password : credentials.token;
  return [secret, basicAuthorization(credentials.username, secret).slice("Basic ".length)];
}
