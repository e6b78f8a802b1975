import { randomUUID, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { listen, stop } from "../registry/listen.ts";
import { selfSigned } from "./certificates.ts";

export interface TokenServerOptions {
  /** Whose tokens may do more than an anonymous one's. */
  readonly account: { readonly user: string; readonly password: string };
  /** What is granted of `actions` on a repository. Absent: all to the account, pull to everyone. */
  readonly grant?: (request: {
    readonly repository: string;
    readonly actions: readonly string[];
    readonly user: string | undefined;
  }) => readonly string[];
  /** How long a token is good for; the registry allows a minute more. 300 if absent. */
  readonly lifetimeSeconds?: number;
  /** What the answer says of it. Absent: nothing, which means a minute. */
  readonly announcedSeconds?: number;
}

export interface TokenServer {
  /** The realm of challenges. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** File of the certificate that tokens are signed with. */
  readonly certFile: string;
  /** Each request for a token so far. */
  readonly requests: readonly {
    readonly user: string | undefined;
    readonly service: string | null;
    readonly scopes: readonly string[];
  }[];
  readonly close: () => Promise<void>;
}

const service = "fixture registry";
const issuer = "fixture issuer";

/** Gives out tokens for `startDockerRegistry` (distribution "Token Authentication" and "JWT"); needs openssl. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-token-server-"));
  const rsa = ["-nodes", "-newkey", "rsa:2048"];
  const { certFile, cert, key } = await selfSigned(
    join(directory, "token.crt"),
    join(directory, "token.key"),
    "fixture token server",
    rsa,
  );
  const certificate = cert.replaceAll(/-----[^-]+-----|\s/g, "");
  const requests: { user: string | undefined; service: string | null; scopes: readonly string[] }[] = [];

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", realm);
    const user = userOf(request.headers, options.account);
    const scopes = url.searchParams.getAll("scope").flatMap((scope) => scope.split(" "));
    requests.push({ user, service: url.searchParams.get("service"), scopes });
    response.setHeader("content-type", "application/json");
    if (request.method !== "GET") response.writeHead(404).end("{}");
    else if (user === undefined && request.headers.authorization !== undefined)
      response.writeHead(401).end('{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}');
    else {
      const access = scopes.flatMap((scope) => accessOf(scope, user, options));
      const token = signedToken(
        { user, access, lifetimeSeconds: options.lifetimeSeconds ?? 300 },
        certificate,
        key,
      );
      response.end(JSON.stringify({ token, expires_in: options.announcedSeconds }));
    }
  });
  const realm = `http://${await listen(server)}/token`;

  async function close(): Promise<void> {
    await stop(server);
    await rm(directory, { recursive: true });
  }

  return { realm, service, issuer, certFile, requests, close };
}

function userOf(
  { authorization = "" }: IncomingHttpHeaders,
  { user, password }: TokenServerOptions["account"],
): string | undefined {
  return authorization === `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`
    ? user
    : undefined;
}

/** One entry of the claim `access`, with what of the wish is granted. */
function accessOf(
  scope: string,
  user: string | undefined,
  { grant = openToRead }: TokenServerOptions,
): object[] {
  const [, type = "", name = "", wish = ""] = /^([a-z]+):(.+):([a-z,*]+)$/.exec(scope) ?? [];
  if (type !== "repository") return [];
  return [{ type, name, actions: grant({ repository: name, actions: wish.split(","), user }) }];
}

const openToRead: NonNullable<TokenServerOptions["grant"]> = ({ actions, user }) =>
  actions.filter((action) => user !== undefined || action === "pull");

interface Claims {
  readonly user: string | undefined;
  readonly access: readonly object[];
  readonly lifetimeSeconds: number;
}

function signedToken({ user, access, lifetimeSeconds }: Claims, certificate: string, key: string): string {
  const now = Math.floor(Date.now() / 1000);
  const header = { typ: "JWT", alg: "RS256", x5c: [certificate] };
  const claims = {
    iss: issuer,
    sub: user ?? "",
    aud: service,
    exp: now + lifetimeSeconds,
    nbf: now - 10,
    iat: now,
    jti: randomUUID(),
    access,
  };
  const text = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${text}.${sign("RSA-SHA256", Buffer.from(text), key).toString("base64url")}`;
}
