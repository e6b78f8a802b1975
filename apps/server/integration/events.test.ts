import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendEvent } from "../src/catalogue/build-events.ts";
import { openContract, type Contract } from "./contract.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

let server: TestServer;
let contract: Contract;
beforeAll(async () => {
  contract = await openContract();
  server = await startTestServer();
});
afterAll(async () => server.close());

async function watch(id: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.url}/v1/builds/${id}/events`, { headers });
}

/** The whole stream, held against the document. */
async function read(id: string, response: Response): Promise<string> {
  return contract.read("GET", `/v1/builds/${id}/events`, response);
}

const problem = { code: "REGISTRY_NOT_FOUND", title: "Not Found", detail: "no such tag", hint: "look again" };

test("events come as they happen, and the stream ends after the last", async () => {
  const build = await server.addBuild();
  const response = await watch(build.id);
  expect({ status: response.status, type: response.headers.get("content-type") }).toEqual({
    status: 200,
    type: "text/event-stream",
  });
  expect(response.headers.get("x-request-id")).toMatch(/./);
  await server.setState(build, "resolving");
  await server.end(build, { state: "failed", problem });
  const blocks = (await read(build.id, response)).split("\n\n");
  expect(blocks.slice(0, 3)).toEqual([
    "retry: 2000",
    'id: 1\nevent: queued\ndata: {"position":1}',
    'id: 2\nevent: state\ndata: {"state":"resolving"}',
  ]);
  const [, failed = ""] = /^id: 3\nevent: failed\ndata: (.*)$/.exec(blocks[3] ?? "") ?? [];
  expect(JSON.parse(failed)).toEqual({ problem });
  expect(blocks.slice(4)).toEqual([""]);
});

test("a watcher that comes again goes on behind the last event that it saw, and is told when there is no more", async () => {
  const build = await server.addBuild();
  await server.setState(build, "pulling");
  await server.end(build, { state: "failed", problem });
  const again = await read(build.id, await watch(build.id, { "last-event-id": "2" }));
  expect(again).toMatch(/^retry: 2000\n\nid: 3\nevent: failed\n/);
  const over = await watch(build.id, { "last-event-id": "3" });
  expect({ status: over.status, body: await read(build.id, over) }).toEqual({ status: 204, body: "" });
});

test.each(["x", "-1", "1".repeat(16)])("a last event of id %j is refused", async (id) => {
  const build = await server.addBuild();
  const response = await watch(build.id, { "last-event-id": id });
  await read(build.id, response);
  expect(response.status).toBe(400);
});

test("a build that is not there has no events", async () => {
  const id = "0190a1b2-0000-7000-8000-000000000000";
  const response = await watch(id);
  await read(id, response);
  expect(response.status).toBe(404);
});

test("a watcher that leaves is forgotten", async () => {
  const build = await server.addBuild();
  const open = async (): Promise<number> => {
    const figures = await (await fetch(`${server.url}/metrics`)).text();
    // The scrape itself is one.
    return Number(/^bootlayer_http_requests_open (\d+)/m.exec(figures)?.[1]) - 1;
  };
  const before = await open();
  const leave = new AbortController();
  const response = await fetch(`${server.url}/v1/builds/${build.id}/events`, { signal: leave.signal });
  await response.body?.getReader().read();
  expect(await open()).toBe(before + 1);
  leave.abort();
  await expect.poll(open).toBe(before);
});

test("a watcher that reads nothing holds up neither others nor the end of the server", async () => {
  const slow = await startTestServer();
  const build = await slow.addBuild();
  const socket = connect(Number(new URL(slow.url).port), "127.0.0.1").pause();
  socket.on("error", () => {});
  socket.write(`GET /v1/builds/${build.id}/events HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const data = { layers: [], writtenBytes: 0, padding: "x".repeat(100_000) };
  for (let count = 0; count < 60; count++)
    await appendEvent(slow.context.database.db, build.id, "progress", data);
  await slow.end(build, { state: "cancelled" });
  const other = await (await fetch(`${slow.url}/v1/builds/${build.id}/events`)).text();
  expect(other).toMatch(/event: cancelled\n/);
  const closed = once(socket.resume(), "close");
  await slow.close();
  await closed;
});
