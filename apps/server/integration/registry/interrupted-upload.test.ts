import { randomBytes } from "node:crypto";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { digestOf } from "@bootlayer/image-spec";
import { expect, test, vi } from "vitest";
import { codesOf, serveRegistry, temporaryStore, type ServedRegistry } from "./serve-registry.ts";

const bytes = randomBytes(2 * 2 ** 20);
const digest = digestOf(bytes);

async function begin(registry: ServedRegistry): Promise<string> {
  const answer = await registry.ask("POST", "test/blobs/uploads/");
  return (answer.headers.get("location") ?? "").replace("/v2/", "");
}

async function received(registry: ServedRegistry, location: string): Promise<number> {
  const answer = await registry.ask("GET", location);
  return Number(answer.headers.get("range")?.replace("0-", "")) + 1;
}

/** A request that sends some of a body and then falls silent; answers with what ends it. */
function sendPart(registry: ServedRegistry, method: string, location: string, part: Uint8Array): () => void {
  const request = httpRequest(`http://${registry.host}/v2/${location}`, {
    method,
    headers: { "content-length": bytes.length },
  });
  request.on("error", () => {});
  request.write(part);
  return () => void request.destroy();
}

async function finish(registry: ServedRegistry, location: string, from: number): Promise<number> {
  const range = `${from}-${bytes.length - 1}`;
  const query = `?digest=${digest}`;
  const body = { body: bytes.subarray(from), headers: { "content-range": range } };
  return (await registry.ask("PUT", `${location}${query}`, body)).status;
}

async function expectBlob(registry: ServedRegistry): Promise<void> {
  const answer = await registry.ask("GET", `test/blobs/${digest}`);
  expect(Buffer.from(await answer.arrayBuffer()).equals(bytes)).toBe(true);
}

test("an upload that was cut goes on where it ended", async () => {
  const registry = await serveRegistry();
  const location = await begin(registry);
  const cut = sendPart(registry, "PATCH", location, bytes.subarray(0, 700_000));
  await vi.waitFor(async () => expect(await received(registry, location)).toBe(700_000));
  cut();
  expect(await finish(registry, location, 700_000)).toBe(201);
  await expectBlob(registry);
});

test("an upload goes on after a restart, and is hashed again from its first byte", async () => {
  const store = await temporaryStore();
  const first = await serveRegistry({ store });
  const location = await begin(first);
  sendPart(first, "PATCH", location, bytes.subarray(0, 900_000));
  await vi.waitFor(async () => expect(await received(first, location)).toBe(900_000));
  await first.close();

  const second = await serveRegistry({ store });
  expect(await received(second, location)).toBe(900_000);
  expect(await finish(second, location, 900_000)).toBe(201);
  await expectBlob(second);
  expect(await readdir(join(store, "uploads"))).toEqual([]);
});

test("what was changed in an upload's file while the server was down is not believed", async () => {
  const store = await temporaryStore();
  const first = await serveRegistry({ store });
  const location = await begin(first);
  await first.ask("PATCH", location, { body: bytes.subarray(0, 1000) });
  await first.close();
  const [name = ""] = await readdir(join(store, "uploads"));
  await writeFile(join(store, "uploads", name), Buffer.alloc(1000));
  const second = await serveRegistry({ store });
  expect(await finish(second, location, 1000)).toBe(400);
  expect((await second.ask("HEAD", `test/blobs/${digest}`)).status).toBe(404);
});

test("a closing PUT that is cut leaves no blob, and can be sent again", async () => {
  const registry = await serveRegistry();
  const location = await begin(registry);
  const cut = sendPart(registry, "PUT", `${location}?digest=${digest}`, bytes.subarray(0, 500_000));
  await vi.waitFor(async () => expect(await received(registry, location)).toBe(500_000));
  expect((await registry.ask("HEAD", `test/blobs/${digest}`)).status).toBe(404);
  cut();
  expect(await finish(registry, location, 500_000)).toBe(201);
  await expectBlob(registry);
});

test("who goes on with an upload ends a request that hangs on it", async () => {
  const registry = await serveRegistry();
  const location = await begin(registry);
  sendPart(registry, "PATCH", location, bytes.subarray(0, 300_000));
  await vi.waitFor(async () => expect(await received(registry, location)).toBe(300_000));
  expect(await finish(registry, location, 300_000)).toBe(201);
  await expectBlob(registry);
});

test("two uploads of one blob at the same time both succeed, and it is there once", async () => {
  const registry = await serveRegistry();
  const uploads = await Promise.all(
    ["a", "b", "a"].map((name) =>
      registry.ask("POST", `${name}/blobs/uploads/?digest=${digest}`, { body: bytes }),
    ),
  );
  expect(uploads.map(({ status }) => status)).toEqual([201, 201, 201]);
  for (const name of ["a", "b"])
    expect((await registry.ask("HEAD", `${name}/blobs/${digest}`)).status).toBe(200);
  expect(await readdir(join(registry.store, "uploads"))).toEqual([]);
  const hex = digest.replace("sha256:", "");
  expect((await readFile(join(registry.store, "images/blobs/sha256", hex))).equals(bytes)).toBe(true);
});

test("an upload that nobody went on with for a day is gone after a restart; a younger one is not", async () => {
  const store = await temporaryStore();
  const first = await serveRegistry({ store });
  const [old, young] = [await begin(first), await begin(first)];
  await first.close();
  const id = old.split("/").at(-1) ?? "";
  const name = (await readdir(join(store, "uploads"))).find((name) => name.startsWith(id)) ?? "";
  const longAgo = new Date(Date.now() - 25 * 60 * 60_000);
  await utimes(join(store, "uploads", name), longAgo, longAgo);
  const second = await serveRegistry({ store });
  expect((await second.ask("GET", old)).status).toBe(404);
  expect((await second.ask("GET", young)).status).toBe(204);
});

test("bytes of another digest end the upload, and leave nothing", async () => {
  const registry = await serveRegistry();
  const location = await begin(registry);
  const answer = await registry.ask("PUT", `${location}?digest=${digest}`, { body: bytes.subarray(1) });
  expect([answer.status, await codesOf(answer)]).toEqual([400, ["DIGEST_INVALID"]]);
  expect((await registry.ask("GET", location)).status).toBe(404);
  expect((await registry.ask("HEAD", `test/blobs/${digest}`)).status).toBe(404);
  expect(await readdir(join(registry.store, "uploads"))).toEqual([]);
});
