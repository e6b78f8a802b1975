import type { FastifyInstance, FastifyRequest } from "fastify";
import { ServerError } from "../errors.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import type { ServerSettings } from "../settings.ts";
import { checkOrigin } from "./check-origin.ts";
import type { RequestLimits } from "./limit-requests.ts";
import { allows, type RouteScope, type Scope } from "./scopes.ts";
import { isUsable, noteUse, tokenFinder, type Token } from "./tokens.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** What the route asks of a token. A route without it is not registered: nothing is open by having been forgotten. */
    scope?: RouteScope;
  }
  interface FastifyRequest {
    /** Whose request it is; undefined where the server runs without tokens, and for routes that ask for none. */
    token: Token | undefined;
  }
}

/**
 * Has every request prove that it may use its route, before anything else of it is looked at: so what is refused says nothing of what
 * there is. A token comes as `Authorization: Bearer`, or, for docker and its like, as the password of Basic with any user name.
 *
 * Call it before routes are registered.
 */
export function authorizeRequests(
  app: FastifyInstance,
  {
    settings,
    database,
  }: {
    readonly settings: Pick<ServerSettings, "access" | "ownNames">;
    readonly database: Pick<OpenDatabase, "db" | "kind">;
  },
  limits?: RequestLimits,
): void {
  const findToken = tokenFinder(database);
  app.decorateRequest("token", undefined);
  app.addHook("onRoute", ({ method, url, config }) => {
    if (config?.scope === undefined) throw new Error(`the route ${String(method)} ${url} declares no scope`);
  });
  app.addHook("onRequest", async (request, reply) => {
    if (!settings.access.tokens) return checkOrigin(request, settings);
    const { scope } = request.routeOptions.config;
    // Undefined: nothing is at this path, which everyone may be told.
    if (scope === undefined || scope === "none") return;
    try {
      request.token = await authorized(request, scope);
    } catch (error) {
      if (error instanceof ServerError && !("status" in error)) await limits?.refused(request);
      if (error instanceof ServerError) reply.header("www-authenticate", challengeOf(request, error, scope));
      throw error;
    }
  });

  async function authorized(request: FastifyRequest, scope: Exclude<RouteScope, "none">): Promise<Token> {
    const secret = secretOf(request);
    if (secret === undefined)
      throw new ServerError(
        "TOKEN_MISSING",
        "the request carries no token",
        "send Authorization: Bearer blt_…",
      );
    const token = await findToken(secret);
    const now = new Date();
    if (token === undefined || !isUsable(token, now))
      throw new ServerError("TOKEN_REFUSED", "the token is unknown, expired or revoked", "ask for a new one");
    if (!allows(token.scopes, scope)) throw scopeMissing(scope);
    await noteUse(database.db, token, now);
    return token;
  }
}

/**
 * For what only its owner may do: that the request is made with the token `tokenId`, or an admin's.
 *
 * @throws {ServerError} TOKEN_REFUSED with status 403.
 */
export function checkOwner({ token }: FastifyRequest, tokenId: string | undefined): void {
  if (token === undefined || token.id === tokenId || token.scopes.includes("admin")) return;
  throw scopeMissing("admin");
}

/**
 * For what takes more than its route does: that the request's token has the scope too.
 *
 * @throws {ServerError} TOKEN_REFUSED with status 403.
 */
export function checkScope({ token }: FastifyRequest, scope: Scope): void {
  if (token === undefined || allows(token.scopes, scope)) return;
  throw scopeMissing(scope);
}

function scopeMissing(scope: Exclude<RouteScope, "none">): ServerError {
  const error = new ServerError(
    "TOKEN_REFUSED",
    `the token lacks the scope ${scopeNames(scope).join(" or ")}`,
    "ask for a token that has it",
  );
  return Object.assign(error, { status: 403 });
}

function scopeNames(scope: Exclude<RouteScope, "none">): readonly string[] {
  return typeof scope === "string" ? [scope] : scope;
}

function secretOf({ headers: { authorization = "" } }: FastifyRequest): string | undefined {
  const [, scheme = "", credentials = ""] = /^(\w+) +(\S+) *$/.exec(authorization) ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
      return credentials;
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      return pair.slice(pair.indexOf(":") + 1);
    }
  }
  return undefined;
}

/** RFC 7617 for the registry face, since docker and skopeo then send their login; RFC 6750 for the rest. */
function challengeOf(
  { url }: FastifyRequest,
  error: ServerError,
  scope: Exclude<RouteScope, "none">,
): string {
  if (/^\/v2(?:\/|$|\?)/.test(url)) return 'Basic realm="bootlayer", charset="UTF-8"';
  if (error.code === "TOKEN_MISSING") return 'Bearer realm="bootlayer"';
  if (!("status" in error)) return 'Bearer realm="bootlayer", error="invalid_token"';
  return `Bearer realm="bootlayer", error="insufficient_scope", scope="${scopeNames(scope).join(" ")}"`;
}
