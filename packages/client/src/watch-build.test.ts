import { expect, test } from "vitest";
import { createClient } from "./client.ts";
import type { BuildEvent } from "./api-types.ts";
import { watchBuild } from "./watch-build.ts";

const id = "0190a1b2-0000-7000-8000-000000000000";

/** A server that answers one after the other, and what it was asked. */
function scripted(...answers: (() => Response)[]): {
  client: ReturnType<typeof createClient>;
  asked: (string | null)[];
} {
  const asked: (string | null)[] = [];
  const fetch = async (request: Request): Promise<Response> => {
    asked.push(request.headers.get("last-event-id"));
    const answer = answers.shift();
    if (!answer) throw new TypeError("connection refused");
    return answer();
  };
  return { client: createClient({ baseUrl: "http://server.test", fetch }), asked };
}

function stream(text: string, cut = false): Response {
  const body = new ReadableStream({
    start(controller) {
      // In pieces that end anywhere, within characters too.
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.subarray(at, at + 7));
      if (cut) controller.error(new TypeError("terminated"));
      else controller.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

function event(sequence: number, kind: string, data: object): string {
  return `id: ${sequence}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

function problem(status: number, code: string): Response {
  return Response.json({ title: "x", status, code, detail: "no", hint: "h", requestId: "r" }, { status });
}

async function all(events: AsyncIterable<BuildEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const { sequence, kind } of events) seen.push(`${sequence} ${kind}`);
  return seen;
}

test("watching goes on behind the last event after a cut, an end and a server that does not answer", async () => {
  const { client, asked } = scripted(
    () =>
      stream(
        `retry: 1\n\n${event(1, "queued", { position: 1 })}:\n\n${event(2, "state", { state: "pulling" })}`,
      ),
    () => stream(`retry: 1\n\nid: 3\nevent: state\ndata: {"sta`),
    () => {
      throw new TypeError("connection refused");
    },
    () => problem(503, "SERVER_STOPPING"),
    () => stream(event(3, "state", { state: "wörld" }) + event(4, "cancelled", {}) + event(5, "never", {})),
  );
  const connections: boolean[] = [];
  const onConnection = (isOpen: boolean): void => void connections.push(isOpen);
  expect(await all(watchBuild(client, id, { onConnection }))).toEqual([
    "1 queued",
    "2 state",
    "3 state",
    "4 cancelled",
  ]);
  expect(connections).toEqual([true, false, true, false, false, false, true]);
  expect(asked).toEqual([null, "2", "2", "2", "2"]);
});

test("a build whose events have all been seen ends the watching at once", async () => {
  const { client, asked } = scripted(() => new Response(null, { status: 204 }));
  expect(await all(watchBuild(client, id, { lastEventId: 9 }))).toEqual([]);
  expect(asked).toEqual(["9"]);
});

test.each([
  [404, "BUILD_NOT_FOUND"],
  [401, "TOKEN_MISSING"],
])("an answer of %i is not asked for again", async (status, code) => {
  const { client, asked } = scripted(() => problem(status, code));
  await expect(all(watchBuild(client, id))).rejects.toMatchObject({
    name: "ClientError",
    code: "CLIENT_REFUSED",
    status,
    message: "no",
    problem: { code, detail: "no", hint: "h" },
  });
  expect(asked).toHaveLength(1);
});

test("a server that is not reached is given up after as many failures as the caller says", async () => {
  const { client, asked } = scripted(
    () => stream("retry: 1\n\n"),
    () => problem(503, "SERVER_STOPPING"),
    () => problem(503, "SERVER_STOPPING"),
  );
  await expect(all(watchBuild(client, id, { maxFailures: 2 }))).rejects.toMatchObject({ status: 503 });
  expect(asked).toHaveLength(3);
});

test("who loses interest while the server is away is not made to wait", async () => {
  const stop = new AbortController();
  const { client } = scripted();
  setTimeout(() => stop.abort(new Error("enough")), 20);
  await expect(all(watchBuild(client, id, { signal: stop.signal }))).rejects.toThrow("enough");
});
