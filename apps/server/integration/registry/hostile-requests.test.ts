import { readdir, readFile, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { listStoredImages } from "@bootlayer/image-builder";
import { digestOf, mediaTypes } from "@bootlayer/image-spec";
import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { pushSmall, small, strange } from "./rules.ts";
import { codesOf, serveRegistry } from "./serve-registry.ts";

/** The answer to a request that no library would send. */
function raw(host: string, text: string): Promise<string> {
  const [name = "", port = ""] = host.split(":");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), name);
    let answer = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => (answer += String(chunk)));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text);
  });
}

test.each([
  "GET /v2/../../etc/passwd/blobs/sha256:x",
  `GET /v2/../secret/manifests/1`,
  "GET /v2/a/../b/manifests/1",
  "GET /v2/a%2f..%2fb/manifests/1",
  "GET /v2/a/blobs/..%2f..%2f..%2fetc%2fpasswd",
  "GET /v2/a/blobs/uploads/..%2findex.json",
  "GET /v2/a/blobs/uploads/%00",
  "GET /v2/a/referrers/../../x",
  `PUT /v2/a/manifests/${"t".repeat(129)}`,
  `PUT /v2/a/manifests/sha256:${"A".repeat(64)}`,
  `GET /v2/${"a".repeat(256)}/tags/list`,
  "GET /v2/A/tags/list",
  "GET /v2/a//b/tags/list",
  "GET /v2/.a/tags/list",
  "GET /v2/a+b/tags/list",
  "GET /v2/a/tags/list?n=1e9",
  "POST /v2/a/blobs/uploads/?digest=md5:d41d8cd98f00b204e9800998ecf8427e",
  "POST /v2/a/blobs/uploads/?digest=",
  "DELETE /v2/a/tags/list",
  "PATCH /v2/",
])("%s is refused in the specification's form", async (line) => {
  const { host, store } = await serveRegistry();
  const answer = await raw(
    host,
    `${line} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 40[045] /);
  expect(answer).toMatch(/\{"errors":\[\{"code":"[A-Z_]+","message":"/);
  expect(await readdir(join(store, "uploads"))).toEqual([]);
});

test.each<readonly [string, Readonly<Record<string, string>>, string, number]>([
  ["a range that is none", { "content-range": "bytes */100" }, "abc", 400],
  ["a range that ends before it begins", { "content-range": "5-2" }, "abc", 400],
  ["a range beyond all numbers", { "content-range": `0-${"9".repeat(20)}` }, "abc", 400],
  ["another length than the range's", { "content-range": "0-9" }, "abc", 400],
  ["a range of more than a blob may have", { "content-range": "0-999999999999999" }, "x", 413],
])("a chunk with %s is refused and leaves nothing", async (_, headers, body, status) => {
  const registry = await serveRegistry();
  const begun = await registry.ask("POST", "a/blobs/uploads/");
  const location = (begun.headers.get("location") ?? "").replace("/v2/", "");
  const stream = { body: new Blob([body]).stream(), duplex: "half" };
  const isStream = status === 413;
  const answer = await registry.ask("PATCH", location, {
    headers,
    ...((isStream ? stream : { body }) as RequestInit),
  });
  expect(answer.status).toBe(status);
  expect((await registry.ask("GET", location)).headers.get("range")).toBe("0-0");
  expect(
    (await registry.ask("PATCH", location, { body: "abc", headers: { "content-range": "0-2" } })).status,
  ).toBe(202);
});

test.each([
  ["shorter", "ab"],
  ["longer", "abcdef"],
])("a chunk without a length that is %s than its range leaves nothing", async (_, text) => {
  const registry = await serveRegistry();
  const begun = await registry.ask("POST", "a/blobs/uploads/");
  const location = (begun.headers.get("location") ?? "").replace("/v2/", "");
  const init = {
    body: new Blob([text]).stream(),
    duplex: "half" as const,
    headers: { "content-range": "0-3" },
  };
  const answer = await registry.ask("PATCH", location, init);
  expect([answer.status, await codesOf(answer)]).toEqual([400, ["SIZE_INVALID"]]);
  const good = await registry.ask("PUT", `${location}?digest=${digestOf(Buffer.from("abcd"))}`, {
    body: "abcd",
  });
  expect(good.status).toBe(201);
});

test("what there is no room for is refused before it is sent, with the reason", async () => {
  const registry = await serveRegistry();
  const answer = await raw(
    registry.host,
    `POST /v2/a/blobs/uploads/?digest=${strange} HTTP/1.1\r\nHost: ${registry.host}\r\n` +
      `Content-Length: ${100 * 2 ** 40}\r\nConnection: close\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  expect(answer).toMatch(/"code":"(?:SIZE_INVALID|DENIED)"/);
  expect(await readdir(join(registry.store, "uploads"))).toEqual([]);
});

test("a store that has all the names that it can have takes no other, and says so", async () => {
  const registry = await serveRegistry();
  await pushSmall(registry, "1");
  const path = join(registry.store, "images/index.json");
  const index = JSON.parse(await readFile(path, "utf8")) as { manifests: readonly object[] };
  const [entry = {}] = index.manifests;
  const manifests = Array.from({ length: 10_000 }, (_, at) => ({
    ...entry,
    annotations: { "org.opencontainers.image.ref.name": `a:${at}` },
  }));
  await writeFile(path, JSON.stringify({ ...index, manifests }));
  const answer = await registry.put("test", "2", small.manifest);
  expect([answer.status, await codesOf(answer)]).toEqual([413, ["DENIED"]]);
});

function putRequest(host: string): string {
  return (
    `PUT /v2/test/manifests/${host} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${mediaTypes.ociManifest}\r\n` +
    `Content-Length: ${small.manifest.length}\r\nConnection: close\r\n\r\n${small.manifest.toString()}`
  );
}

test("a Host that is none of the server's gives an image no name of its own", async () => {
  const registry = await serveRegistry({ settings: { ownNames: ["images.example:5000"] } });
  await pushSmall(registry, "1");
  for (const host of ["docker.io", "images.example"])
    expect(await raw(registry.host, putRequest(host))).toMatch(/^HTTP\/1\.1 201 /);
  const images = await listStoredImages({ store: join(registry.store, "images") });
  expect(images.map(({ name }) => name)).toEqual([
    `${registry.host}/test:1`,
    "images.example:5000/test:docker.io",
    "images.example:5000/test:images.example",
  ]);
});

const requests = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
  parts: fc.array(
    fc.oneof(
      fc.constantFrom(
        "blobs",
        "uploads",
        "manifests",
        "tags",
        "list",
        "referrers",
        "a",
        "..",
        "",
        "%2f",
        strange,
      ),
      fc.webSegment(),
    ),
    { maxLength: 6 },
  ),
  query: fc.oneof(
    fc.webQueryParameters(),
    fc.constantFrom(`digest=${strange}`, `mount=${strange}&from=a`, "n=2&last=b"),
  ),
  body: fc.uint8Array({ maxLength: 50 }),
});

property.prop([fc.array(requests, { minLength: 5, maxLength: 10 })], { numRuns: 20 })(
  "no request fails the server itself",
  async (all) => {
    const registry = await serveRegistry();
    for (const { method, parts, query, body } of all) {
      const sent = method === "GET" || method === "HEAD" ? {} : { body: Buffer.from(body) };
      const answer = await registry.ask(method, `${parts.join("/")}?${query}`, sent);
      expect(answer.status).toBeLessThan(500);
      await answer.arrayBuffer();
    }
  },
);
