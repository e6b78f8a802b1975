import fastify, { type FastifyInstance } from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { ServerError } from "../errors.ts";
import { limitRequests } from "./limit-requests.ts";

/** Takes the header `x-token` for the id of a token; `bad` is none. */
async function serving(requestsPerMinute: number, refusalsPerMinute: number): Promise<FastifyInstance> {
  const app = fastify();
  onTestFinished(() => app.close());
  app.setErrorHandler((error: Error & { code?: string }, _, reply) =>
    reply
      .status(error.code === "REQUEST_RATE_LIMITED" ? 429 : 401)
      .send({ code: error.code, hint: error.message }),
  );
  const limits = limitRequests(app, { limits: { requestsPerMinute } }, refusalsPerMinute);
  app.decorateRequest("token", undefined);
  app.addHook("onRequest", async (request) => {
    const id = request.headers["x-token"];
    if (typeof id !== "string") return;
    if (id === "bad") {
      await limits.refused(request);
      throw new ServerError("TOKEN_REFUSED", "no", "no");
    }
    const never = undefined;
    request.token = {
      id,
      name: id,
      scopes: [],
      createdAt: new Date(),
      expiresAt: never,
      revokedAt: never,
      usedAt: never,
    };
  });
  app.register(async (scope) => {
    scope.get("/read", { config: { scope: "read" } }, (_, reply) => reply.send("hello"));
    scope.get("/open", { config: { scope: "none" } }, (_, reply) => reply.send("hello"));
  });
  await app.ready();
  return app;
}

async function ask(app: FastifyInstance, url: string, token?: string, ip = "192.0.2.1"): Promise<number> {
  return (await answer(app, url, token, ip)).statusCode;
}

function answer(app: FastifyInstance, url: string, token?: string, remoteAddress = "192.0.2.1") {
  return app.inject({ url, headers: token === undefined ? {} : { "x-token": token }, remoteAddress });
}

test("a token's requests beyond the limit are 429 with Retry-After, whatever address they come from", async () => {
  const app = await serving(2, 100);
  expect([await ask(app, "/read", "a"), await ask(app, "/read", "a", "192.0.2.2")]).toEqual([200, 200]);
  const refusal = await answer(app, "/read", "a", "192.0.2.3");
  expect([refusal.statusCode, refusal.headers["retry-after"]]).toEqual([429, "60"]);
  expect(await ask(app, "/read", "b")).toBe(200);
});

test("where there are no tokens each address has its own count", async () => {
  const app = await serving(1, 100);
  expect([await ask(app, "/read"), await ask(app, "/read")]).toEqual([200, 429]);
  expect(await ask(app, "/read", undefined, "192.0.2.2")).toBe(200);
});

test("routes that ask for no token are not counted: probes are answered at any time", async () => {
  const app = await serving(1, 100);
  expect([await ask(app, "/open"), await ask(app, "/open"), await ask(app, "/read")]).toEqual([
    200, 200, 200,
  ]);
});

test("who tries tokens is told to wait, and who has a good one at the same address is not", async () => {
  const app = await serving(100, 2);
  const tries = [
    await ask(app, "/read", "bad"),
    await ask(app, "/read", "bad"),
    await ask(app, "/read", "bad"),
  ];
  expect(tries).toEqual([401, 401, 429]);
  expect(await ask(app, "/read", "good")).toBe(200);
  expect(await ask(app, "/read", "bad", "192.0.2.2")).toBe(401);
});
