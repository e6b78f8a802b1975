import { createServer, request as httpRequest, type IncomingMessage } from "node:http";
import { setTimeout } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { sha256Digest } from "../descriptor.ts";
import { image } from "../image.ts";
import { layerBlob } from "../layer-blob.ts";
import { listen, stop } from "../registry/listen.ts";
import { startRegistry } from "../registry/start-registry.ts";
import { tarArchive } from "../tar-archive.ts";
import type { ProxyFault } from "./proxy-fault.ts";
import { randomFaults } from "./random-faults.ts";
import { startFaultProxy, type FaultSchedule } from "./start-fault-proxy.ts";

const content = Buffer.from(
  Uint8Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) & 255),
);
const layer = layerBlob(tarArchive([{ name: "file", content }]), "none");
const hello = image([layer]);
const { bytes } = layer;
const blobPath = `/v2/lib/hello/blobs/${layer.descriptor.digest}`;

async function start(schedule: FaultSchedule) {
  const registry = await startRegistry({ images: { "lib/hello:1": hello } });
  const proxy = await startFaultProxy({ target: registry.host, schedule });
  onTestFinished(async () => {
    await proxy.close();
    await registry.close();
  });
  return { registry, proxy, blob: `http://${proxy.host}${blobPath}` };
}

/** Asks for the layer, once, through a proxy at which each request has this fault. */
async function blobWith(fault: ProxyFault, headers: Record<string, string> = {}): Promise<Response> {
  const { blob } = await start(({ server }) => (server === "registry" ? fault : undefined));
  return await fetch(blob, { headers });
}

/** What arrives of a body, and whether its end did. */
async function received({ body }: Response, patienceMilliseconds = 10_000) {
  const parts: Uint8Array[] = [];
  const reader = body?.getReader();
  const patience = setTimeout(patienceMilliseconds, "stalled" as const, { ref: false });
  if (!reader) throw new Error("there is no body");
  let end: "whole" | "broken" | "stalled" | undefined;
  while (end === undefined)
    end = await Promise.race([
      patience,
      reader.read().then(
        ({ done, value }) => {
          if (value) parts.push(value);
          return done ? ("whole" as const) : undefined;
        },
        () => "broken" as const,
      ),
    ]);
  return { end, body: Buffer.concat(parts) };
}

async function bytesOf(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

test("without a fault everything passes: status, headers, ranges, bodies", async () => {
  const { blob, proxy, registry } = await start(() => undefined);
  const whole = await fetch(blob);
  expect(whole.headers.get("docker-content-digest")).toBe(layer.descriptor.digest);
  expect(whole.headers.get("content-length")).toBe(String(bytes.length));
  expect((await bytesOf(whole)).equals(bytes)).toBe(true);
  const part = await fetch(blob, { headers: { range: "bytes=10-19" } });
  expect([part.status, part.headers.get("content-range")]).toEqual([206, `bytes 10-19/${bytes.length}`]);
  expect((await bytesOf(part)).equals(bytes.subarray(10, 20))).toBe(true);
  expect((await fetch(`http://${proxy.host}/v2/lib/none/tags/list`)).status).toBe(404);
  expect((await fetch(blob, { method: "HEAD" })).status).toBe(200);
  expect(registry.requests).toHaveLength(4);
  expect(proxy.requests.map(({ method, attempt }) => [method, attempt])).toEqual([
    ["GET", 1],
    ["GET", 2],
    ["GET", 1],
    ["HEAD", 1],
  ]);
});

describe("before the answer", () => {
  test.each([
    ["lose-request", 0],
    ["lose-answer", 1],
  ] as const)("%s breaks the connection, the target having seen %i requests", async (kind, seen) => {
    const { blob, registry } = await start(() => ({ kind }));
    await expect(fetch(blob)).rejects.toThrow("fetch failed");
    expect(registry.requests).toHaveLength(seen);
  });

  test("withhold-answer keeps the connection and says nothing", async () => {
    const { blob, registry } = await start(() => ({ kind: "withhold-answer" }));
    await expect(fetch(blob, { signal: AbortSignal.timeout(300) })).rejects.toThrow("timeout");
    expect(registry.requests).toHaveLength(1);
  });

  test("lose-upload breaks it when the target has that much of the body", async () => {
    const arrived: Buffer[] = [];
    const target = await startReceiver((request) => {
      request.on("data", (chunk: Buffer) => arrived.push(chunk)).on("error", () => {});
    });
    const proxy = await startFaultProxy({
      target,
      schedule: () => ({ kind: "lose-upload", afterBytes: 1000 }),
    });
    onTestFinished(proxy.close);
    const outcome = new Promise((_, reject) => {
      const upload = httpRequest(`http://${proxy.host}/v2/a/blobs/uploads/1`, { method: "PATCH" });
      upload.on("error", reject).on("response", () => {
        reject(new Error("answered"));
      });
      upload.write(content);
    });
    await expect(outcome).rejects.toThrow(/ECONNRESET|socket hang up/);
    await expect.poll(() => Buffer.concat(arrived).length).toBe(1000);
  });

  test("an answer of its own comes in the target's place", async () => {
    const headers = { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT" };
    const response = await blobWith({ kind: "answer", status: 429, headers, body: "later" });
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([
      429,
      headers["retry-after"],
      "later",
    ]);
  });

  test("an empty body and a page for people come with 200", async () => {
    const empty = await blobWith({ kind: "answer", status: 200, headers: { "content-length": "0" } });
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
    const page = await blobWith({ kind: "answer", status: 200, body: "<html>" });
    expect([page.status, await page.text()]).toEqual([200, "<html>"]);
  });
});

describe("in the body", () => {
  test.each([0, 1, 100_000])("drop breaks the connection after %i bytes", async (afterBytes) => {
    const response = await blobWith({ kind: "drop", afterBytes });
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    const { end, body } = await received(response);
    expect(end).toBe("broken");
    // A reset may overtake what the receiver has not read yet.
    expect(body.length).toBeLessThanOrEqual(afterBytes);
  });

  test("stall sends that many bytes and then nothing", async () => {
    const { end, body } = await received(await blobWith({ kind: "stall", afterBytes: 5000 }), 500);
    expect(end).toBe("stalled");
    expect(body.equals(bytes.subarray(0, 5000))).toBe(true);
  });

  test.each([
    ["of-whole", String(bytes.length), "broken"],
    ["of-part", "5000", "whole"],
    ["absent", null, "whole"],
  ] as const)("truncate with Content-Length %s sends that many bytes", async (contentLength, length, end) => {
    const response = await blobWith({ kind: "truncate", afterBytes: 5000, contentLength });
    expect(response.headers.get("content-length")).toBe(length);
    const arrived = await received(response);
    expect(arrived.end).toBe(end);
    expect(arrived.body.equals(bytes.subarray(0, 5000))).toBe(true);
  });

  test("an offset past the end lets the body pass whole", async () => {
    for (const fault of [
      { kind: "drop", afterBytes: bytes.length },
      { kind: "stall", afterBytes: bytes.length },
      { kind: "truncate", afterBytes: bytes.length, contentLength: "of-whole" },
      { kind: "corrupt", atByte: bytes.length },
    ] as const)
      expect((await bytesOf(await blobWith(fault))).equals(bytes)).toBe(true);
  });

  test("corrupt turns over one byte and no other", async () => {
    const body = await bytesOf(await blobWith({ kind: "corrupt", atByte: 250_000 }));
    expect(body.length).toBe(bytes.length);
    expect(Array.from(body.entries()).filter(([index, byte]) => byte !== bytes[index])).toEqual([
      [250_000, (bytes[250_000] ?? 0) ^ 255],
    ]);
  });

  test("slow sends everything in small pieces", async () => {
    const pieces: number[] = [];
    const response = await blobWith({ kind: "slow", chunkBytes: 50_000, pauseMilliseconds: 20 });
    for await (const piece of response.body ?? []) pieces.push(piece.length);
    expect(pieces.reduce((sum, length) => sum + length, 0)).toBe(bytes.length);
    expect(Math.max(...pieces)).toBeLessThanOrEqual(50_000);
  });
});

describe("in the header", () => {
  const range = { range: "bytes=100-" };

  test("ignore-range answers 200 with everything", async () => {
    const response = await blobWith({ kind: "ignore-range" }, range);
    expect([response.status, (await bytesOf(response)).equals(bytes)]).toEqual([200, true]);
  });

  test.each([
    ["absent", null],
    ["malformed", `bytes=100-${bytes.length - 1}-${bytes.length}`],
    ["shifted", `bytes 99-${bytes.length - 2}/${bytes.length}`],
    ["wrong-total", `bytes 100-${bytes.length - 1}/${bytes.length + 1}`],
  ] as const)("content-range says what is wrong: %s", async (lie, value) => {
    const response = await blobWith({ kind: "content-range", lie }, range);
    expect([response.status, response.headers.get("content-range")]).toEqual([206, value]);
    expect((await bytesOf(response)).equals(bytes.subarray(100))).toBe(true);
  });

  test("wrong-digest names another digest, and the body is right", async () => {
    const response = await blobWith({ kind: "wrong-digest" });
    const body = await bytesOf(response);
    expect(response.headers.get("docker-content-digest")).not.toBe(sha256Digest(body));
    expect(body.equals(bytes)).toBe(true);
  });
});

async function locationOf(fault: Extract<ProxyFault, { kind: "redirect" }>) {
  const { blob, proxy, registry } = await start(({ server }) => (server === "registry" ? fault : undefined));
  const response = await fetch(blob, { redirect: "manual" });
  return { status: response.status, location: response.headers.get("location") ?? "", proxy, registry };
}

describe("a redirect", () => {
  test("leads to another port, where the content is, by whole and by range", async () => {
    const { status, location, proxy } = await locationOf({ kind: "redirect" });
    expect(status).toBe(307);
    expect(new URL(location).host).toBe(proxy.storageHost);
    expect((await bytesOf(await fetch(location))).equals(bytes)).toBe(true);
    const part = await fetch(location, { headers: { range: "bytes=5-9" } });
    expect((await bytesOf(part)).equals(bytes.subarray(5, 10))).toBe(true);
    expect(proxy.requests.map(({ server, path }) => [server, path])).toEqual([
      ["registry", blobPath],
      ["storage", blobPath],
      ["storage", blobPath],
    ]);
  });

  test("is 403 once it was used that often", async () => {
    const { location } = await locationOf({ kind: "redirect", uses: 1 });
    expect((await fetch(location)).status).toBe(200);
    const response = await fetch(location);
    expect([response.status, await response.text()]).toEqual([403, expect.stringContaining("expired")]);
  });

  test("is 403 when its time is over", async () => {
    const { location } = await locationOf({ kind: "redirect", validMilliseconds: 30 });
    await setTimeout(40);
    expect((await fetch(location)).status).toBe(403);
  });

  test("takes the first request's account along, as a signed URL does", async () => {
    const registry = await startRegistry({
      images: { "lib/hello:1": hello },
      auth: { kind: "basic", user: "u", password: "p" },
    });
    const proxy = await startFaultProxy({ target: registry.host, schedule: () => ({ kind: "redirect" }) });
    onTestFinished(async () => {
      await proxy.close();
      await registry.close();
    });
    const authorization = `Basic ${Buffer.from("u:p").toString("base64")}`;
    const response = await fetch(`http://${proxy.host}${blobPath}`, { headers: { authorization } });
    expect((await bytesOf(response)).equals(bytes)).toBe(true);
  });
});

test("a target that is gone is a broken connection", async () => {
  const { blob, registry } = await start(() => undefined);
  await registry.close();
  await expect(fetch(blob)).rejects.toThrow("fetch failed");
});

function faultsOf(seed: number): (ProxyFault | undefined)[] {
  const schedule = randomFaults(seed);
  return [1, 2, 3].flatMap((attempt) =>
    ["/v2/a/manifests/1", blobPath].map((path) =>
      schedule({ method: "GET", path, headers: {}, server: "registry", attempt }),
    ),
  );
}

test("random faults are the same for the same seed and request, and others for others", () => {
  expect(faultsOf(1)).toEqual(faultsOf(1));
  const met = Array.from({ length: 300 }, (_, seed) => faultsOf(seed)).flat();
  expect(met).toContain(undefined);
  expect(new Set(met.map((fault) => fault?.kind)).size).toBe(15);
});

async function startReceiver(onRequest: (request: IncomingMessage) => void): Promise<string> {
  const server = createServer((request) => {
    onRequest(request);
  });
  onTestFinished(() => stop(server));
  return await listen(server);
}
