import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify } from "node:util";
import { zstdDecompressSync } from "node:zlib";
import { requireJudge } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ArtifactStore } from "../src/artifacts/artifact-store.ts";
import { openContract, type Contract } from "./contract.ts";
import { startTestServer, type TestServer } from "./test-server.ts";

const mebibyte = 2 ** 20;
/** Data, a hole, data, a hole at the end. */
const disk = Buffer.alloc(9 * mebibyte + 123);
disk.write("begin", 0);
disk.fill("data", 4 * mebibyte, 5 * mebibyte);
const regions = [
  [0, 4096],
  [4 * mebibyte, mebibyte],
] as const;

let server: TestServer;
/** Every answer of this file is held against the document, but those that nobody reads to their end. */
let contract: Contract;
let path: string;
let sha256: string;
let id: string;
beforeAll(async () => {
  contract = await openContract();
  server = await startTestServer();
  const build = await server.addBuild({ source: "docker.io/library/alpine:3.22", platform: "linux/amd64" });
  sha256 = await server.finish(build, disk, regions);
  id = build.id;
  path = `/v1/builds/${id}/image`;
});
afterAll(async () => server.close());

/** Past fetch, which decodes by itself. */
async function get(
  headers: Record<string, string> = {},
  method = "GET",
): Promise<{ message: IncomingMessage; body: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  httpRequest(`${server.url}${path}`, { headers, method }, resolve).on("error", reject).end();
  const message = await promise;
  const body = await buffer(message);
  const mediaType = message.headers["content-type"];
  contract.check({ method, path, status: message.statusCode ?? 0, mediaType, body: body.toString("latin1") });
  return { message, body };
}

test("the whole disk comes with its length, its name, its digest and its tag", async () => {
  const { message, body } = await get();
  expect(message.statusCode).toBe(200);
  expect(body.equals(disk)).toBe(true);
  expect(message.headers).toMatchObject({
    "content-length": String(disk.length),
    "content-type": "application/octet-stream",
    "content-disposition": 'attachment; filename="alpine-3.22-amd64.ext4"',
    etag: `"${sha256}"`,
    "accept-ranges": "bytes",
    "repr-digest": `sha-256=:${createHash("sha256").update(disk).digest("base64")}:`,
    vary: "accept-encoding",
  });
});

test("HEAD says the same and sends nothing", async () => {
  const { message, body } = await get({}, "HEAD");
  expect(message.headers).toMatchObject({ "content-length": String(disk.length), etag: `"${sha256}"` });
  expect({ status: message.statusCode, bytes: body.length }).toEqual({ status: 200, bytes: 0 });
});

test.each([
  ["bytes=0-4", 0, 5],
  ["bytes=4194300-4194310", 4_194_300, 4_194_311],
  ["bytes=-10", disk.length - 10, disk.length],
  [`bytes=${disk.length - 1}-`, disk.length - 1, disk.length],
])("%s is answered with that part", async (range, start, end) => {
  const { message, body } = await get({ range, "accept-encoding": "zstd" });
  expect(message.statusCode).toBe(206);
  expect(message.headers["content-range"]).toBe(`bytes ${start}-${end - 1}/${disk.length}`);
  expect(message.headers["content-encoding"]).toBeUndefined();
  expect(body.equals(disk.subarray(start, end))).toBe(true);
});

test.each([`bytes=${disk.length}-`, "bytes=0-1,5-6"])(
  "%s cannot be satisfied: 416 with the length",
  async (range) => {
    const { message, body } = await get({ range });
    expect(message.statusCode).toBe(416);
    expect(message.headers["content-range"]).toBe(`bytes */${disk.length}`);
    expect(message.headers["content-type"]).toBe("application/problem+json");
    expect(message.headers["content-disposition"]).toBeUndefined();
    expect(JSON.parse(body.toString())).toMatchObject({ code: "RANGE_UNSATISFIABLE" });
  },
);

test("If-Range gives the part of the same disk, and all of another", async () => {
  const range = "bytes=0-4";
  expect((await get({ range, "if-range": `"${sha256}"` })).message.statusCode).toBe(206);
  const other = await get({ range, "if-range": '"other"' });
  expect({ status: other.message.statusCode, bytes: other.body.length }).toEqual({
    status: 200,
    bytes: disk.length,
  });
});

test("conditions save a download or refuse it", async () => {
  const statusOf = async (headers: Record<string, string>): Promise<number | undefined> =>
    (await get(headers)).message.statusCode;
  expect(await statusOf({ "if-none-match": `"${sha256}"` })).toBe(304);
  expect(await statusOf({ "if-none-match": '"other"', range: "bytes=0-0" })).toBe(206);
  expect(await statusOf({ "if-match": '"other"' })).toBe(412);
  expect(await statusOf({ "if-match": `"${sha256}"`, range: "bytes=0-0" })).toBe(206);
  const { headers } = (await get({}, "HEAD")).message;
  expect(await statusOf({ "if-modified-since": headers["last-modified"] ?? "" })).toBe(304);
});

test("who takes zstd is sent the disk in one frame, in which holes are next to nothing", async () => {
  const { message, body } = await get({ "accept-encoding": "gzip, zstd" });
  expect(message.headers).toMatchObject({ "content-encoding": "zstd", etag: `"${sha256}-zstd"` });
  expect(message.headers["content-length"]).toBeUndefined();
  expect(body.length).toBeLessThan(10_000);
  expect(zstdDecompressSync(body).equals(disk)).toBe(true);
  expect(
    (await get({ "accept-encoding": "zstd", "if-none-match": `"${sha256}-zstd"` })).message.statusCode,
  ).toBe(304);
  expect((await get({ "accept-encoding": "zstd;q=0" })).message.headers["content-encoding"]).toBeUndefined();
});

test.skipIf(requireJudge("curl").skip)("Node's fetch and curl decode it by themselves", async () => {
  const response = await fetch(`${server.url}${path}`, { headers: { "accept-encoding": "zstd" } });
  expect(Buffer.from(await response.arrayBuffer()).equals(disk)).toBe(true);
  const { stdout } = await promisify(execFile)("curl", ["-sSf", "--compressed", `${server.url}${path}`], {
    encoding: "buffer",
    maxBuffer: 64 * mebibyte,
  });
  expect(stdout.equals(disk)).toBe(true);
});

test("a client that leaves takes nothing further from the disk", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const artifacts: ArtifactStore = {
    ...server.context.artifacts,
    open: async (_location, _range, signal) =>
      (async function* () {
        signal.addEventListener("abort", () => resolve());
        for (;;) {
          signal.throwIfAborted();
          yield Buffer.alloc(65_536);
          await new Promise((resolve) => setImmediate(resolve));
        }
      })(),
  };
  const leaving = await startTestServer({}, { artifacts, database: server.context.database });
  const request = httpRequest(`${leaving.url}${path}`, (message) =>
    message.once("data", () => request.destroy()),
  ).end();
  request.on("error", () => {});
  await expect(promise).resolves.toBeUndefined();
  await leaving.close();
});

test("a client that asks for it is sent to the store, where the store gives out addresses", async () => {
  const local = await fetch(`${server.url}${path}?redirect=1`, { method: "HEAD", redirect: "manual" });
  expect(local.status).toBe(200);
  const artifacts: ArtifactStore = {
    ...server.context.artifacts,
    presign: async (location, { fileName }) =>
      `https://disks.test/${location}?name=${fileName}&signature=marked-signature`,
  };
  const remote = await startTestServer({}, { artifacts, database: server.context.database });
  const sent = await fetch(`${remote.url}${path}?redirect=1`, { redirect: "manual" });
  expect(sent.status).toBe(307);
  expect(await contract.read("GET", path, sent)).toBe("");
  expect(sent.headers.get("location")).toMatch(/^https:\/\/disks\.test\/.*name=alpine-3\.22-amd64\.ext4/);
  expect((await fetch(`${remote.url}${path}`, { method: "HEAD" })).status).toBe(200);
  expect(remote.log.join("")).not.toContain("marked-signature");
  await remote.close();
});

test("a disk that was removed is gone, not missing", async () => {
  const build = await server.addBuild();
  await server.finish(build, Buffer.from("x"));
  const { db } = server.context.database;
  const key = createHash("sha256").update(build.id).digest("hex");
  await rm(join(server.context.settings.store, "artifacts", `${key}.ext4`));
  const ask = async (): Promise<object> => {
    const path = `/v1/builds/${build.id}/image`;
    const response = await fetch(`${server.url}${path}`);
    return {
      status: response.status,
      body: JSON.parse(await contract.read("GET", path, response)) as object,
    };
  };
  expect(await ask()).toMatchObject({ status: 410, body: { code: "ARTIFACT_NOT_FOUND" } });
  // It is forgotten: who asks for it again has it made again.
  expect(await db.selectFrom("artifacts").where("build_key", "=", key).select("state").execute()).toEqual([]);
  expect(await ask()).toMatchObject({ status: 410, body: { code: "ARTIFACT_NOT_FOUND" } });
});
