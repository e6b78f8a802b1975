import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

export type RegistryAuth =
  /** Each request carries user and password. */
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  /** Each request carries a token from `/token`, which wants user and password, or nothing where these are absent. */
  | {
      readonly kind: "bearer";
      readonly user?: string;
      readonly password?: string;
      /** Taken by `POST /token` with `grant_type=refresh_token`; without it POST answers 404. */
      readonly identityToken?: string;
      /** Default: 300. */
      readonly expiresIn?: number;
    };

export interface AuthGate {
  /** The WWW-Authenticate value of a refusal, or undefined if the request may pass. */
  challenge(headers: IncomingHttpHeaders, repository: string | undefined): string | undefined;
  /** The token endpoint (distribution-spec auth/token.md, auth/oauth.md): status and JSON body. */
  token(method: string, url: URL, headers: IncomingHttpHeaders, form: URLSearchParams): TokenAnswer;
}

export interface TokenAnswer {
  readonly status: number;
  readonly body: object;
}

export function authGate(auth: RegistryAuth | undefined, host: () => string): AuthGate {
  const scopesOfToken = new Map<string, readonly string[]>();

  function challenge(headers: IncomingHttpHeaders, repository: string | undefined): string | undefined {
    if (auth === undefined) return undefined;
    if (auth.kind === "basic")
      return isBasic(headers, auth.user, auth.password) ? undefined : 'Basic realm="fixture"';
    const scope = repository === undefined ? undefined : `repository:${repository}:pull`;
    const token = /^bearer (.+)$/i.exec(headers.authorization ?? "")?.[1];
    const scopes = token === undefined ? undefined : scopesOfToken.get(token);
    if (scopes !== undefined && (scope === undefined || scopes.includes(scope))) return undefined;
    const wanted = scope === undefined ? "" : `,scope="${scope}"`;
    return `Bearer realm="http://${host()}/token",service="${host()}"${wanted}`;
  }

  function token(method: string, url: URL, headers: IncomingHttpHeaders, form: URLSearchParams): TokenAnswer {
    if (auth?.kind !== "bearer") return { status: 404, body: {} };
    const query = method === "POST" ? form : url.searchParams;
    if (method === "POST") {
      if (auth.identityToken === undefined) return { status: 404, body: {} };
      if (query.get("grant_type") !== "refresh_token" || query.get("refresh_token") !== auth.identityToken)
        return { status: 401, body: {} };
    } else if (auth.user !== undefined && !isBasic(headers, auth.user, auth.password ?? "")) {
      return { status: 401, body: { errors: [{ code: "UNAUTHORIZED", message: "wrong user or password" }] } };
    }
    const value = randomUUID();
    scopesOfToken.set(
      value,
      query.getAll("scope").flatMap((scope) => scope.split(" ")),
    );
    const name = method === "POST" ? "access_token" : "token";
    return { status: 200, body: { [name]: value, expires_in: auth.expiresIn ?? 300 } };
  }

  return { challenge, token };
}

function isBasic(headers: IncomingHttpHeaders, user: string, password: string): boolean {
  return headers.authorization === `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
