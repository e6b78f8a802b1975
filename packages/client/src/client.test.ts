import { expect, test } from "vitest";
import { createClient } from "./client.ts";
import { downloadImage } from "./download-image.ts";
import { waitForBuild } from "./wait-for-build.ts";

const id = "0190a1b2-0000-7000-8000-000000000000";
const sha256 = "ab".repeat(32);

function answering(answer: (request: Request) => Response): ReturnType<typeof createClient> {
  return createClient({
    baseUrl: "http://server.test/",
    token: "blt_x",
    fetch: async (request) => answer(request),
  });
}

test("requests carry the token and go below the address", async () => {
  const asked: string[] = [];
  const client = answering((request) => {
    asked.push(`${request.method} ${request.url} ${request.headers.get("authorization")}`);
    return Response.json({ builds: [{ id }] });
  });
  const { data } = await client.GET("/v1/builds", {
    params: { query: { state: ["ready", "failed"], limit: 5 } },
  });
  expect(data?.builds.map((build) => build.id)).toEqual([id]);
  expect(asked).toEqual(["GET http://server.test/v1/builds?state=ready&state=failed&limit=5 Bearer blt_x"]);
});

test.each(["server.test", "ftp://server.test", ""])("%j is no address of a server", (baseUrl) => {
  expect(() => createClient({ baseUrl })).toThrow(expect.objectContaining({ code: "CLIENT_OPTIONS" }));
});

test("an answer of something else than the server is told as such", async () => {
  const client = answering(() => new Response("<h1>Bad Gateway</h1>", { status: 502 }));
  await expect(client.GET("/v1/builds")).rejects.toMatchObject({
    code: "CLIENT_PROTOCOL",
    status: 502,
    problem: undefined,
  });
});

test("a server that cannot be reached is told with the cause", async () => {
  const cause = new TypeError("fetch failed");
  const client = answering(() => {
    throw cause;
  });
  await expect(client.GET("/v1/builds")).rejects.toMatchObject({
    code: "CLIENT_UNREACHABLE",
    status: undefined,
    cause,
  });
});

test("a client that is ended ends its requests", async () => {
  const client = createClient({
    baseUrl: "http://server.test",
    signal: AbortSignal.abort(new Error("the end")),
    fetch: async ({ signal }) => {
      signal.throwIfAborted();
      return new Response();
    },
  });
  await expect(client.GET("/v1/builds")).rejects.toThrow("the end");
});

test("a build that failed is an error that says why", async () => {
  const problem = {
    code: "REGISTRY_NOT_FOUND",
    title: "Not Found",
    detail: "no such tag",
    hint: "look again",
  };
  const client = answering(({ url }) =>
    url.endsWith("/events")
      ? new Response(null, { status: 204 })
      : Response.json({ id, state: "failed", problem }),
  );
  await expect(waitForBuild(client, id)).rejects.toMatchObject({
    code: "CLIENT_BUILD_FAILED",
    problem,
    hint: "look again",
  });
});

test("a part of a disk is asked for by range, of the disk that is meant", async () => {
  const client = answering(({ headers }) => {
    expect([headers.get("range"), headers.get("if-match")]).toEqual(["bytes=2-4", `"${sha256}"`]);
    const answer = {
      "content-range": "bytes 2-4/9",
      "content-length": "3",
      etag: `"${sha256}"`,
      "content-disposition": 'attachment; filename="a.ext4"',
    };
    return new Response("abc", { status: 206, headers: answer });
  });
  const { body, ...image } = await downloadImage(client, id, { range: { start: 2, end: 5 }, sha256 });
  expect(image).toEqual({ bytes: 9, sha256, fileName: "a.ext4" });
  expect(await new Response(body).text()).toBe("abc");
});

test("a download that was cut is an error, not a short disk", async () => {
  const client = answering(
    () => new Response("abc", { headers: { "content-length": "9", etag: `"${sha256}"` } }),
  );
  const { body } = await downloadImage(client, id);
  await expect(new Response(body).text()).rejects.toMatchObject({
    code: "CLIENT_PROTOCOL",
    message: "the download ended at 3 of 9 bytes",
  });
});
