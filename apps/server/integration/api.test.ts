import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openContract, type Contract } from "./contract.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
/** Every answer of this file is held against the document. */
let contract: Contract;
beforeAll(async () => {
  contract = await openContract();
  server = await startTestServer();
});
afterAll(async () => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Each test says what it expects of it.
  readonly body: Record<string, unknown>;
}

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const sent = await contract.read(method, path, response);
  return {
    status: response.status,
    headers: response.headers,
    body:
      sent === "" || !response.headers.get("content-type")?.includes("json")
        ? {}
        : (JSON.parse(sent) as Record<string, unknown>),
  };
}

function expectProblem({ status, headers, body }: Answer, expectedStatus: number, code: string): void {
  expect({ status, code: body["code"] }).toEqual({ status: expectedStatus, code });
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({
    status,
    title: expect.stringMatching(/./) as string,
    detail: expect.stringMatching(/./) as string,
    hint: expect.stringMatching(/./) as string,
    requestId: headers.get("x-request-id"),
  });
}

test("a disk that is asked for is queued, and who asks for the same joins", async () => {
  const first = await ask("POST", "/v1/builds", { source: "alpine" });
  expect(first.status).toBe(202);
  expect(first.body).toMatchObject({
    state: "queued",
    position: 1,
    request: { source: "alpine", format: "ext4" },
  });
  const id = String(first.body["id"]);
  expect(first.headers.get("location")).toBe(`/v1/builds/${id}`);
  const second = await ask("POST", "/v1/builds", {
    source: "docker.io/library/alpine:latest",
    format: "ext4",
  });
  expect(second).toMatchObject({ status: 202, body: { id } });
  const other = await ask("POST", "/v1/builds", { source: "alpine", format: "squashfs" });
  expect(other.body["id"]).not.toBe(id);
});

test("a build says nothing of whose it is", async () => {
  const { id } = await server.addBuild();
  const { body } = await ask("GET", `/v1/builds/${id}`);
  expect(Object.keys(body).toSorted()).toEqual([
    "attempts",
    "cancelRequested",
    "createdAt",
    "id",
    "position",
    "request",
    "state",
  ]);
});

test("the tag of a build changes with its state, and saves the answer while it does not", async () => {
  const build = await server.addBuild();
  const path = `/v1/builds/${build.id}`;
  const etag = (await ask("GET", path)).headers.get("etag") ?? "";
  const { status, headers } = await ask("GET", path, undefined, { "if-none-match": etag });
  expect({ status, type: headers.get("content-type"), length: headers.get("content-length") }).toEqual({
    status: 304,
    type: null,
    length: null,
  });
  await server.setState(build, "pulling");
  const changed = await ask("GET", path, undefined, { "if-none-match": etag });
  expect(changed).toMatchObject({ status: 200, body: { state: "pulling" } });
});

test("builds are listed in pages, the newest first, by state, source and format", async () => {
  const marked = [];
  for (let count = 0; count < 5; count++)
    marked.push(
      (await server.addBuild({ source: `paged.test/app:${count}`, format: count % 2 ? "squashfs" : "ext4" }))
        .id,
    );
  const seen: string[] = [];
  for (let path = "/v1/builds?source=paged.test&limit=2"; path !== "";) {
    const { body, headers } = await ask("GET", path);
    seen.push(...(body["builds"] as { id: string }[]).map(({ id }) => id));
    path = /^<(.*)>; rel="next"$/.exec(headers.get("link") ?? "")?.[1] ?? "";
    expect(body["next"] !== undefined).toBe(path !== "");
  }
  expect(seen).toEqual(marked.toReversed());
  const squashfs = await ask("GET", "/v1/builds?source=paged.test&format=squashfs&state=queued&state=ready");
  expect(squashfs.body["builds"]).toHaveLength(2);
  expect((await ask("GET", "/v1/builds?source=paged.test&state=ready")).body["builds"]).toEqual([]);
});

test("a build is cancelled, retried and deleted, each in its state alone", async () => {
  const { id } = await server.addBuild({ source: "cancel.test/app" });
  expectProblem(await ask("POST", `/v1/builds/${id}/retry`), 409, "BUILD_STATE");
  expectProblem(await ask("DELETE", `/v1/builds/${id}`), 409, "BUILD_STATE");
  expect(await ask("POST", `/v1/builds/${id}/cancel`)).toMatchObject({
    status: 200,
    body: { state: "cancelled" },
  });
  const retried = await ask("POST", `/v1/builds/${id}/retry`);
  expect(retried).toMatchObject({
    status: 202,
    body: { state: "queued", request: { source: "cancel.test/app" } },
  });
  expect(retried.headers.get("location")).toBe(`/v1/builds/${String(retried.body["id"])}`);
  expect((await ask("DELETE", `/v1/builds/${id}`)).status).toBe(204);
  expectProblem(await ask("GET", `/v1/builds/${id}`), 404, "BUILD_NOT_FOUND");
});

test("why a build failed is told with it", async () => {
  const build = await server.addBuild();
  const problem = {
    code: "REGISTRY_NOT_FOUND",
    title: "Not Found",
    detail: "no such tag",
    hint: "look again",
  };
  await server.end(build, { state: "failed", problem });
  expect((await ask("GET", `/v1/builds/${build.id}`)).body).toMatchObject({ state: "failed", problem });
  expectProblem(await ask("GET", `/v1/builds/${build.id}/image`), 409, "BUILD_STATE");
  expectProblem(await ask("GET", `/v1/builds/${build.id}/tree`), 409, "BUILD_STATE");
});

test.each<[string, string, string, unknown, number, string]>([
  ["a path that is none", "GET", "/v2x/nothing", undefined, 404, "ROUTE_NOT_FOUND"],
  ["a method that the path has not", "PUT", "/v1/builds", undefined, 405, "METHOD_NOT_ALLOWED"],
  ["an id that is none", "GET", "/v1/builds/x", undefined, 404, "BUILD_NOT_FOUND"],
  [
    "an id that is of no build",
    "GET",
    "/v1/builds/0190a1b2-0000-7000-8000-000000000000",
    undefined,
    404,
    "BUILD_NOT_FOUND",
  ],
  ["an id of another's making", "POST", "/v1/builds/'%20OR%201=1/cancel", undefined, 404, "BUILD_NOT_FOUND"],
  ["a body that is no JSON", "POST", "/v1/builds", "{", 400, "REQUEST_INVALID"],
  ["a body that is missing", "POST", "/v1/builds", undefined, 400, "REQUEST_INVALID"],
  ["a member that is not known", "POST", "/v1/builds", { source: "a", rootfs: "/" }, 400, "REQUEST_INVALID"],
  [
    "a guest's file of the server",
    "POST",
    "/v1/builds",
    { source: "a", guest: { files: [{ host: "/etc/shadow", guest: "/x" }] } },
    400,
    "REQUEST_INVALID",
  ],
  ["a prototype", "POST", "/v1/builds", '{"source":"a","__proto__":{"x":1}}', 400, "REQUEST_INVALID"],
  ["a reference that is none", "POST", "/v1/builds", { source: "A B" }, 400, "REFERENCE_INVALID"],
  ["a size that is none", "POST", "/v1/builds", { source: "a", size: "big" }, 400, "OPTIONS_INVALID"],
  ["a file of the server as source", "POST", "/v1/builds", { source: "oci:/etc" }, 403, "SOURCE_FORBIDDEN"],
  ["a body over the limit", "POST", "/v1/builds", { source: "a".repeat(70_000) }, 413, "REQUEST_TOO_LARGE"],
  ["a state that is none", "GET", "/v1/builds?state=done", undefined, 400, "REQUEST_INVALID"],
  ["a filter that is none", "GET", "/v1/builds?colour=red", undefined, 400, "REQUEST_INVALID"],
  ["a cursor that is none", "GET", "/v1/builds?after=x", undefined, 400, "REQUEST_INVALID"],
  ["a page that is too long", "GET", "/v1/builds?limit=100000", undefined, 400, "REQUEST_INVALID"],
  ["a path that cannot be decoded", "GET", "/v1/builds/%ff", undefined, 400, "REQUEST_INVALID"],
])("%s is a problem: %s %s", async (_, method, path, body, status, code) => {
  expectProblem(await ask(method, path, body), status, code);
});

test("a body that is not JSON is refused by its type", async () => {
  expectProblem(
    await ask("POST", "/v1/builds", "source: a", { "content-type": "text/yaml" }),
    415,
    "REQUEST_INVALID",
  );
});

test("what is wrong with a body is told member by member", async () => {
  const { body } = await ask("POST", "/v1/builds", { source: "", format: "vhd" });
  expect(body["issues"]).toMatchObject([{ path: "/source" }, { path: "/format" }]);
});

test("the wrong method is told the right ones, and OPTIONS asks for them", async () => {
  expect((await ask("PUT", "/v1/builds")).headers.get("allow")).toBe("GET, HEAD, POST, OPTIONS");
  const options = await ask("OPTIONS", "/v1/builds/x/image");
  expect({ status: options.status, allow: options.headers.get("allow") }).toEqual({
    status: 204,
    allow: "GET, HEAD, OPTIONS",
  });
});

test("HEAD answers as GET does, without a body", async () => {
  const { id } = await server.addBuild();
  for (const path of [`/v1/builds/${id}`, "/v1/builds", `/v1/builds/${id}/events`, "/healthz"]) {
    const response = await fetch(`${server.url}${path}`, { method: "HEAD" });
    expect({ path, status: response.status, body: await response.text() }).toEqual({
      path,
      status: 200,
      body: "",
    });
  }
  expect((await fetch(`${server.url}/v1/builds/${id}/image`, { method: "HEAD" })).status).toBe(409);
});

test.each(["abc-1.2:3_x", "0190a1b2"])("a client's own request id %s comes back", async (id) => {
  expect((await ask("GET", "/healthz", undefined, { "x-request-id": id })).headers.get("x-request-id")).toBe(
    id,
  );
});

test.each(['a"b', "x".repeat(65), "a b"])("a request id that could do harm (%j) is replaced", async (id) => {
  const given = (await ask("GET", "/healthz", undefined, { "x-request-id": id })).headers.get("x-request-id");
  expect(given).toMatch(/^[0-9a-f-]{36}$/);
});

test("the log names requests by id, and holds neither headers nor queries", async () => {
  await ask("GET", "/v1/builds?source=marked-query", undefined, {
    "x-request-id": "log-test",
    authorization: "Bearer marked-secret",
    cookie: "marked-cookie",
  });
  const lines = (): string[] => server.log.filter((line) => line.includes('"log-test"'));
  await expect.poll(lines).toHaveLength(1);
  expect(JSON.parse(lines()[0] ?? "")).toMatchObject({
    reqId: "log-test",
    req: { method: "GET", path: "/v1/builds" },
    status: 200,
    milliseconds: expect.any(Number) as number,
  });
  expect(server.log.join("")).not.toMatch(/marked-/);
});

test("what is no HTTP at all is answered in the same form, and cut off", async () => {
  const { port } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1");
  socket.write("HELLO?\r\n\r\n");
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({
    code: "REQUEST_INVALID",
    status: 400,
  });
});

test("a head of more than the limit is refused as such", async () => {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  httpRequest(`${server.url}/healthz`, { headers: { "x-long": "x".repeat(40_000) } }, (response) =>
    resolve(response.resume().statusCode),
  )
    .on("error", reject)
    .end();
  expect(await promise).toBe(431);
});

test("health and readiness are told apart once the server is being stopped", async () => {
  const stopping = await startTestServer();
  try {
    expect((await fetch(`${stopping.url}/readyz`)).status).toBe(200);
    stopping.stop.abort();
    const ready = await fetch(`${stopping.url}/readyz`);
    expect({ status: ready.status, body: (await ready.json()) as object }).toMatchObject({
      status: 503,
      body: { code: "SERVER_STOPPING" },
    });
    expect((await fetch(`${stopping.url}/healthz`)).status).toBe(200);
  } finally {
    await stopping.close();
  }
});

test("a server whose database is gone lives, but is not ready, and its faults show no stack", async () => {
  const broken = await startTestServer();
  await broken.context.database.db.schema.dropTable("builds").cascade().execute();
  const answer = await fetch(`${broken.url}/v1/builds`);
  const body = await answer.text();
  expect({ status: answer.status, body: JSON.parse(body) as object }).toMatchObject({
    status: 500,
    body: { code: "INTERNAL" },
  });
  expect(body).not.toMatch(/relation|\.ts|node_modules/);
  expect(broken.log.join("")).toMatch(/relation/);
  await broken.close();
});

test("figures are told by route and state, never by id", async () => {
  const { id } = await server.addBuild();
  await ask("GET", `/v1/builds/${id}`);
  const response = await fetch(`${server.url}/metrics`);
  const figures = await response.text();
  expect(response.headers.get("content-type")).toContain("text/plain");
  expect(figures).toMatch(/^bootlayer_builds\{state="queued"\} [1-9]/m);
  expect(figures).toMatch(
    /^bootlayer_http_request_seconds_count\{method="GET",route="\/v1\/builds\/:id",status="200"\} [1-9]/m,
  );
  expect(figures).toMatch(/^bootlayer_artifact_bytes \d/m);
  expect(figures).toMatch(/^process_resident_memory_bytes \d/m);
  expect(figures).not.toContain(id);
});

test("garbage is told before it is removed", async () => {
  const dry = await ask("POST", "/v1/garbage", { dryRun: true, graceSeconds: 0 });
  expect(dry).toMatchObject({ status: 200, body: { dryRun: true, blobs: [], disks: [], freedBytes: 0 } });
});

test("the document is OpenAPI 3.1, and each of its operations has a name, a summary and answers", async () => {
  const { body } = await ask("GET", "/v1/openapi.json");
  expect(body["openapi"]).toBe("3.1.0");
  const paths = body["paths"] as Record<
    string,
    Record<string, { operationId?: string; summary?: string; responses: object }>
  >;
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  for (const { summary, responses } of operations) {
    expect(summary).toMatch(/./);
    expect(Object.keys(responses)).toContain("500");
  }
});

test("a token is made, listed without its secret, and revoked", async () => {
  const made = await ask("POST", "/v1/tokens", {
    name: "ci",
    scopes: ["read", "build"],
    expiresInSeconds: 60,
  });
  expect(made).toMatchObject({ status: 201, body: { token: { name: "ci", scopes: ["read", "build"] } } });
  expect(made.body["secret"]).toMatch(/^blt_/);
  const { id } = made.body["token"] as { id: string };
  const listed = await ask("GET", "/v1/tokens");
  expect(listed.body["tokens"]).toMatchObject([{ id, name: "ci" }]);
  expect(JSON.stringify(listed.body)).not.toContain(made.body["secret"]);
  expect((await ask("DELETE", `/v1/tokens/${id}`)).status).toBe(204);
  expect((await ask("GET", "/v1/tokens")).body["tokens"]).toMatchObject([
    { revokedAt: expect.any(String) as string },
  ]);
  expectProblem(await ask("DELETE", "/v1/tokens/none"), 404, "TOKEN_NOT_FOUND");
  expectProblem(await ask("POST", "/v1/tokens", { name: "x", scopes: ["root"] }), 400, "REQUEST_INVALID");
});

test("an answer that is not as the document has it would be found", () => {
  const answer = {
    method: "GET",
    path: "/healthz",
    status: 200,
    mediaType: "application/json",
    body: '{"status":"ok"}',
  };
  contract.check(answer);
  expect(() => contract.check({ ...answer, status: 418 })).toThrow("not in the document");
  expect(() => contract.check({ ...answer, body: '{"status":"ill"}' })).toThrow("GET /healthz 200");
  expect(() => contract.check({ ...answer, mediaType: "text/html" })).toThrow("text/html");
  const problem = { ...answer, status: 500, mediaType: "application/problem+json" };
  expect(() => contract.check(problem)).toThrow("GET /healthz 500");
  const stream = { ...answer, path: "/v1/builds/x/events", mediaType: "text/event-stream" };
  const sound = 'id: 1\nevent: state\ndata: {"state":"pulling"}\n\n';
  contract.check({ ...stream, body: sound });
  expect(() => contract.check({ ...stream, body: sound + sound.replace("pulling", "ill") })).toThrow('"ill"');
});
