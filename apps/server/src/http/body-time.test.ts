import { once } from "node:events";
import { request, type ClientRequest } from "node:http";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { limitBodyTime } from "./body-time.ts";

const milliseconds = 50;

async function post(path: string): Promise<ClientRequest> {
  const app = fastify();
  onTestFinished(() => app.close());
  limitBodyTime(app, milliseconds);
  for (const url of ["/v1/echo", "/v2/echo"]) app.post(url, async ({ body }) => body);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const headers = { "content-type": "application/json", "content-length": 4 };
  const sent = request(`${url}${path}`, { method: "POST", headers });
  sent.write("tr");
  return sent;
}

test("a body that does not come in time is cut off", async () => {
  const sent = await post("/v1/echo");
  const [error] = (await once(sent, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("an upload may take longer", async () => {
  const sent = await post("/v2/echo");
  setTimeout(() => sent.end("ue"), 4 * milliseconds);
  const [answer] = (await once(sent, "response")) as [{ statusCode: number }];
  expect(answer.statusCode).toBe(200);
});

test("a body that has come is no longer timed, however long the answer takes", async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  limitBodyTime(app, milliseconds);
  app.post("/v1/slow", async () => {
    await new Promise((resolve) => {
      setTimeout(resolve, 4 * milliseconds);
    });
    return "done";
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const answer = await fetch(`${url}/v1/slow`, { method: "POST", body: "text" });
  expect(await answer.text()).toBe("done");
});
