import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type InjectOptions,
} from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDatabase, type OpenDatabase } from "../database/open-database.ts";
import { authorizeRequests, checkOwner } from "./authorize.ts";
import type { Scope } from "./scopes.ts";
import { createToken, listTokens, revokeToken } from "./tokens.ts";
import { withEmptyDatabase } from "../../integration/template-database.ts";

let store: string;
let database: OpenDatabase;
let app: FastifyInstance;
const secrets = new Map<string, string>();

beforeAll(async () => {
  store = await mkdtemp(join(tmpdir(), "bootlayer-authorize-"));
  database = await openDatabase({ store: await withEmptyDatabase(store), databaseUrl: undefined });
  for (const scope of ["read", "build", "push", "admin"] as const) await make(scope, [scope]);
  await make("expired", ["admin"], new Date("2020-01-01"));
  const revoked = await make("revoked", ["admin"]);
  await revokeToken(database.db, revoked);
  app = await serving(true);
});
afterAll(async () => {
  await app.close();
  await database.close();
  await rm(store, { recursive: true });
});

async function make(name: string, scopes: readonly Scope[], expiresAt?: Date): Promise<string> {
  const { token, secret } = await createToken(database.db, { name, scopes, expiresAt });
  secrets.set(name, secret);
  return token.id;
}

function hello(_: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.send("hello");
}

async function serving(tokens: boolean): Promise<FastifyInstance> {
  const settings = { access: { tokens, privateSources: false }, ownNames: ["images.example"] };
  const created = fastify();
  created.setErrorHandler((error: Error & { code?: string; status?: number }, _, reply) => {
    const status = error.status ?? (error.code?.startsWith("TOKEN_") ? 401 : 500);
    return reply.status(status).send({ code: error.code, detail: error.message });
  });
  authorizeRequests(created, { settings, database });
  created.get("/open", { config: { scope: "none" } }, hello);
  created.get("/read", { config: { scope: "read" } }, hello);
  created.post("/build", { config: { scope: "build" } }, hello);
  created.get("/admin", { config: { scope: "admin" } }, hello);
  created.get("/v2/", { config: { scope: ["read", "push"] } }, hello);
  created.delete<{ Params: { owner: string } }>(
    "/of/:owner",
    { config: { scope: "build" } },
    (request, reply) => {
      checkOwner(request, request.params.owner);
      return reply.send(request.token?.name);
    },
  );
  await created.ready();
  return created;
}

async function ask(
  path: string,
  authorization?: string,
  method: InjectOptions["method"] = "GET",
): Promise<{ status: number; challenge: unknown; body: string }> {
  const headers = authorization === undefined ? {} : { authorization };
  const answer = await app.inject({ url: path, method: method ?? "GET", headers });
  return { status: answer.statusCode, challenge: answer.headers["www-authenticate"], body: answer.body };
}

const bearer = (name: string): string => `Bearer ${secrets.get(name)}`;
const basic = (user: string, name: string): string =>
  `Basic ${Buffer.from(`${user}:${secrets.get(name)}`).toString("base64")}`;

test("a route that declares no scope is not registered", async () => {
  const careless = fastify();
  authorizeRequests(careless, {
    settings: { access: { tokens: true, privateSources: false }, ownNames: [] },
    database,
  });
  expect(() => careless.get("/", async () => "")).toThrow("declares no scope");
});

test.each([
  ["/read", "read", 200],
  ["/read", "build", 403],
  ["/read", "push", 403],
  ["/read", "admin", 200],
  ["/build", "read", 403],
  ["/build", "build", 200],
  ["/build", "admin", 200],
  ["/admin", "read", 403],
  ["/admin", "build", 403],
  ["/admin", "push", 403],
  ["/admin", "admin", 200],
  ["/v2/", "read", 200],
  ["/v2/", "push", 200],
  ["/v2/", "build", 403],
  ["/open", "read", 200],
  ["/read", "expired", 401],
  ["/read", "revoked", 401],
] as const)("%s with the token %s answers %i", async (path, name, status) => {
  expect((await ask(path, bearer(name), path === "/build" ? "POST" : "GET")).status).toBe(status);
});

test("without a token what asks for none is open, and nothing else", async () => {
  expect((await ask("/open")).status).toBe(200);
  expect(await ask("/read")).toMatchObject({ status: 401, challenge: 'Bearer realm="bootlayer"' });
  expect((await ask("/read", undefined, "HEAD")).status).toBe(401);
  expect((await ask("/nowhere")).status).toBe(404);
});

test("a scope that lacks is 403 and told, a token that is no good is 401 and why is not", async () => {
  expect(await ask("/admin", bearer("read"))).toMatchObject({
    status: 403,
    challenge: 'Bearer realm="bootlayer", error="insufficient_scope", scope="admin"',
  });
  const refusals = await Promise.all(
    [bearer("expired"), bearer("revoked"), `Bearer blt_${"A".repeat(43)}`, "Bearer x"].map(async (header) =>
      ask("/read", header),
    ),
  );
  expect(new Set(refusals.map((refusal) => JSON.stringify(refusal))).size).toBe(1);
  expect(refusals[0]).toMatchObject({
    status: 401,
    challenge: expect.stringContaining('error="invalid_token"'),
  });
});

test.each(["Bearer", "Bearer ", "Basic", "Basic !!!", "Digest username=x", "\u0001", "bearer  "])(
  "%j is no token",
  async (header) => {
    expect((await ask("/read", header)).status).toBe(401);
  },
);

test("the token is taken as the password of Basic with any user, as docker login and skopeo send it", async () => {
  for (const user of ["ada", "", "<token>"])
    expect((await ask("/v2/", basic(user, "push"))).status).toBe(200);
  expect(await ask("/v2/")).toMatchObject({ status: 401, challenge: expect.stringMatching(/^Basic realm=/) });
  expect((await ask("/v2/", basic("ada", "build"))).status).toBe(403);
});

test("what only its owner may do is refused to other tokens, an admin's apart", async () => {
  const owner = (await listTokens(database.db)).find(({ name }) => name === "build")?.id;
  expect(await ask(`/of/${owner}`, bearer("build"), "DELETE")).toMatchObject({ status: 200, body: "build" });
  expect((await ask("/of/another", bearer("build"), "DELETE")).status).toBe(403);
  expect((await ask("/of/another", bearer("admin"), "DELETE")).status).toBe(200);
});

test("a used token has its last use noted, a refused one has not", async () => {
  await ask("/read", bearer("read"));
  await ask("/read", bearer("expired"));
  const used = new Map(
    (await listTokens(database.db)).map(({ name, usedAt }) => [name, usedAt !== undefined]),
  );
  expect([used.get("read"), used.get("expired")]).toEqual([true, false]);
});

describe("without tokens, on loopback", () => {
  let open: FastifyInstance;
  beforeAll(async () => {
    open = await serving(false);
  });
  afterAll(async () => open.close());

  const status = async (method: "GET" | "POST", headers: Record<string, string>): Promise<number> =>
    (await open.inject({ method, url: method === "GET" ? "/admin" : "/build", headers })).statusCode;

  test.each(["localhost", "localhost:8080", "127.0.0.1:8080", "[::1]:8080", "images.example"])(
    "the server answers everything to who calls it %s",
    async (host) => {
      expect(await status("GET", { host })).toBe(200);
      expect(await status("POST", { host })).toBe(200);
      expect(await status("POST", { host, origin: `http://${host}` })).toBe(200);
    },
  );

  test.each([
    "evil.example",
    "evil.example:8080",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "10.0.0.1",
  ])("a name that was pointed here reads nothing: %j", async (host) => {
    expect(await status("GET", { host })).toBe(403);
  });

  test.each(["http://evil.example", "http://localhost:9", "null", "nonsense"])(
    "a page of %s changes nothing",
    async (origin) => {
      expect(await status("POST", { host: "localhost:8080", origin })).toBe(403);
    },
  );
});
