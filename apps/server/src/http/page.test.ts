import { gunzipSync } from "node:zlib";
import Fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pageRoutes } from "./page.ts";

let app: FastifyInstance;
beforeAll(async () => {
  app = Fastify();
  await app.register(pageRoutes);
});
afterAll(() => app.close());

async function assets(): Promise<readonly string[]> {
  const { body } = await app.inject("/");
  return [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path = ""]) => path);
}

test("the index names its files by their hashes, relative to itself", async () => {
  expect(await assets()).toEqual([
    expect.stringMatching(/^page\/icon-[0-9a-f]{12}\.svg$/),
    expect.stringMatching(/^page\/page-[0-9a-f]{12}\.css$/),
    expect.stringMatching(/^page\/page-[0-9a-f]{12}\.js$/),
  ]);
});

test("nothing inline and nothing of another host is allowed, nor any frame around it", async () => {
  for (const path of ["", ...(await assets())]) {
    const { headers } = await app.inject(`/${path}`);
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    expect(headers).toMatchObject({ "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" });
  }
});

test("the index is asked for each time, its files once", async () => {
  expect((await app.inject("/")).headers["cache-control"]).toBe("no-cache");
  for (const path of await assets())
    expect((await app.inject(`/${path}`)).headers["cache-control"]).toContain("immutable");
});

test("what has not changed is not sent again", async () => {
  const { etag } = (await app.inject("/")).headers;
  const again = await app.inject({ url: "/", headers: { "if-none-match": `"x", W/${String(etag)}` } });
  expect(again.statusCode).toBe(304);
  expect(again.body).toBe("");
  expect((await app.inject({ url: "/", headers: { "if-none-match": '"x"' } })).statusCode).toBe(200);
});

test("gzip is sent to who takes it, under a tag of its own", async () => {
  const plain = await app.inject("/");
  const gzipped = await app.inject({ url: "/", headers: { "accept-encoding": "br, gzip;q=0.5" } });
  expect(gzipped.headers["content-encoding"]).toBe("gzip");
  expect(gunzipSync(gzipped.rawPayload).toString()).toBe(plain.body);
  expect(gzipped.headers["etag"]).not.toBe(plain.headers["etag"]);
  expect(gzipped.headers["vary"]).toBe("accept-encoding");
  for (const header of ["gzip;q=0", "br", "identity", "xgzip"])
    expect(
      (await app.inject({ url: "/", headers: { "accept-encoding": header } })).headers,
    ).not.toHaveProperty("content-encoding");
});

test("script and style together are under 30 KB as they are sent", async () => {
  let bytes = 0;
  for (const path of await assets())
    bytes += (await app.inject({ url: `/${path}`, headers: { "accept-encoding": "gzip" } })).rawPayload
      .length;
  expect(bytes).toBeGreaterThan(5000);
  expect(bytes).toBeLessThan(30_000);
});
