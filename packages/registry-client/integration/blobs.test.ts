import { parseDigest, verifiedBytes } from "@bootlayer/image-spec";
import { startFaultProxy, type Fault, type RegistryRequest } from "@bootlayer/test-fixtures";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { fetchBlob, parseReference } from "../src/index.ts";
import { collect, connect, layer, serve } from "./loopback.ts";

const { bytes } = layer;
const size = bytes.length;
const descriptor = { digest: parseDigest(layer.descriptor.digest), size };
const { signal } = new AbortController();

/** A registry whose answers about blobs go wrong, by the number of the request; and a download from it. */
async function download(
  fault: (request: RegistryRequest) => Fault | undefined,
  { offset = 0, attempts = 5, stallMilliseconds = 30_000, wanted = descriptor } = {},
) {
  const registry = await serve({
    fault: (request) => (request.path.includes("/blobs/") ? fault(request) : undefined),
  });
  const { client, events, pauses } = connect({ retry: { attempts }, stallMilliseconds });
  const reference = parseReference(`${registry.host}/test`);
  const chunks = fetchBlob(client, reference, wanted, { offset, signal });
  return {
    registry,
    events,
    pauses,
    chunks,
    ranges: () => registry.requests.map(({ headers }) => headers.range),
  };
}

function once(fault: Fault) {
  return ({ attempt }: RegistryRequest) => (attempt === 1 ? fault : undefined);
}

test("a blob's bytes come as they are, with progress up to its size", async () => {
  const { chunks, events, registry } = await download(() => undefined);
  expect(Buffer.from(await verifiedBytes(chunks, descriptor)).equals(bytes)).toBe(true);
  expect(events.at(-1)).toEqual({
    kind: "blob-bytes",
    digest: descriptor.digest,
    bytes: size,
    totalBytes: size,
  });
  expect(registry.requests.at(-1)?.headers).toMatchObject({ "accept-encoding": "identity" });
});

test("from an offset on only the rest is asked for and given", async () => {
  const { chunks, ranges } = await download(() => undefined, { offset: 150_000 });
  expect((await collect(chunks)).equals(bytes.subarray(150_000))).toBe(true);
  expect(ranges()).toEqual(["bytes=150000-"]);
});

test("when all bytes are there nothing is asked for", async () => {
  const { chunks, registry } = await download(() => undefined, { offset: size });
  expect(await collect(chunks)).toHaveLength(0);
  expect(registry.requests).toEqual([]);
});

test.each([-1, 0.5, size + 1])("offset %d is refused", async (offset) => {
  const { chunks } = await download(() => undefined, { offset });
  await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_OPTIONS" });
});

describe("a broken download goes on where it ended", () => {
  test.each([
    ["the connection drops", { kind: "drop", afterBytes: 100_000 }],
    ["the connection drops before the first byte", { kind: "drop", afterBytes: 0 }],
    ["the server answers 503", { kind: "status", status: 503 }],
    ["the server answers 429", { kind: "status", status: 429, headers: { "retry-after": "1" } }],
  ] as const)("when %s", async (_, fault) => {
    const { chunks, pauses } = await download(once(fault));
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(pauses).toHaveLength(1);
  });

  test("by a range from the very next byte, at the registry's own URL", async () => {
    const { chunks, registry, events } = await download((request) => {
      if (request.server === "registry") return { kind: "redirect" };
      return request.attempt === 1 ? { kind: "drop", afterBytes: 100_000 } : undefined;
    });
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(registry.requests.map(({ server, headers }) => [server, headers.range])).toEqual([
      ["registry", undefined],
      ["blob-host", undefined],
      ["registry", "bytes=100000-"],
      ["blob-host", "bytes=100000-"],
    ]);
    expect(events).toContainEqual({
      kind: "blob-resumed",
      digest: descriptor.digest,
      bytes: 100_000,
      totalBytes: size,
    });
  });

  test("by another URL of the registry, when that of storage had expired before it was asked", async () => {
    const registry = await serve();
    const proxy = await startFaultProxy({
      target: registry.host,
      schedule: ({ server, attempt }) =>
        server === "registry" ? { kind: "redirect", uses: attempt === 1 ? 0 : 1 } : undefined,
    });
    onTestFinished(proxy.close);
    const { client, pauses } = connect();
    const chunks = fetchBlob(client, parseReference(`${proxy.host}/test`), descriptor, { signal });
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(pauses).toHaveLength(1);
  });

  test("when the server sends nothing for the stall time", async () => {
    const { chunks, events } = await download(once({ kind: "stall", afterBytes: 70_000 }), {
      stallMilliseconds: 200,
    });
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "registry-retry", code: "REGISTRY_STALLED" }),
    );
  });

  test("as often as it gets on", async () => {
    const { chunks, pauses } = await download(
      ({ attempt }) => (attempt < 3 ? { kind: "drop", afterBytes: 70_000 } : undefined),
      { attempts: 2 },
    );
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(pauses).toHaveLength(2);
  });

  test("from what it gets again and throws away, where little of it is there and ranges are ignored", async () => {
    const { chunks } = await download(({ attempt }) =>
      attempt === 1 ? { kind: "drop", afterBytes: 100_000 } : { kind: "ignore-range" },
    );
    expect((await collect(chunks)).equals(bytes)).toBe(true);
  });
});

describe("a download ends with", () => {
  test("REGISTRY_INTERRUPTED when it breaks at every attempt without getting on", async () => {
    const { chunks, pauses } = await download(() => ({ kind: "drop", afterBytes: 10 }));
    await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_INTERRUPTED" });
    expect(pauses).toHaveLength(4);
  });

  test("REGISTRY_STALLED when it stalls at every attempt", async () => {
    const { chunks } = await download(() => ({ kind: "stall", afterBytes: 10 }), {
      stallMilliseconds: 100,
      attempts: 2,
    });
    await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_STALLED" });
  });

  test("BLOB_SIZE when the server announces another length than the descriptor, before any byte", async () => {
    const { chunks, pauses } = await download(() => ({ kind: "truncate", afterBytes: 100_000 }));
    await expect(chunks.next()).rejects.toMatchObject({ code: "BLOB_SIZE" });
    expect(pauses).toEqual([]);
  });

  test("BLOB_SIZE when the blob is longer than the descriptor says", async () => {
    const { chunks } = await download(() => undefined, { wanted: { ...descriptor, size: size - 1 } });
    await expect(chunks.next()).rejects.toMatchObject({ code: "BLOB_SIZE" });
  });

  test("BLOB_DIGEST at the consumer's check when a byte was changed on the way", async () => {
    const { chunks } = await download(() => ({ kind: "corrupt", atByte: 5 }));
    await expect(verifiedBytes(chunks, descriptor)).rejects.toMatchObject({ code: "BLOB_DIGEST" });
  });

  test("REGISTRY_NOT_FOUND for a blob that is not there", async () => {
    const digest = parseDigest(`sha256:${"0".repeat(64)}`);
    const { chunks } = await download(() => undefined, { wanted: { digest, size } });
    await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_NOT_FOUND", status: 404 });
  });

  test("the signal's reason, at any time", async () => {
    const registry = await serve({ fault: () => ({ kind: "stall", afterBytes: 1000 }) });
    const { client } = connect();
    const controller = new AbortController();
    const reference = parseReference(`${registry.host}/test`);
    const chunks = fetchBlob(client, reference, descriptor, { signal: controller.signal });
    expect((await chunks.next()).value).toHaveLength(1000);
    const reason = new Error("enough");
    const next = chunks.next();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
  });

  test("REGISTRY_CLOSED when the client is closed under it", async () => {
    const registry = await serve({ fault: () => ({ kind: "stall", afterBytes: 1000 }) });
    const { client } = connect();
    const chunks = fetchBlob(client, parseReference(`${registry.host}/test`), descriptor, { signal });
    await chunks.next();
    const [next] = await Promise.allSettled([chunks.next(), client.close()]);
    expect(next).toMatchObject({ status: "rejected", reason: { code: "REGISTRY_CLOSED" } });
  });
});

function range(value: string) {
  return { "content-range": value };
}

describe("an answer to a range is refused (REGISTRY_RANGE) if it", () => {
  const rest = size - 100;
  const body = bytes.subarray(100);
  test.each([
    ["starts elsewhere", 206, range(`bytes 99-${size - 1}/${size}`)],
    ["ends early", 206, range(`bytes 100-${size - 2}/${size}`)],
    ["has another total", 206, range(`bytes 100-${size - 1}/${size + 1}`)],
    ["has no total", 206, range(`bytes 100-${size - 1}/*`)],
    ["does not say what it is", 206, {}],
    ["is in a unit of its own", 206, range(`pages 100-${size - 1}/${size}`)],
    ["says that there is no such range", 416, range(`bytes */${size}`)],
  ])("%s", async (_, status, headers) => {
    const { chunks } = await download(() => ({ kind: "status", status, headers, body }), { offset: 100 });
    await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_RANGE" });
  });

  test("is the right one, it is taken", async () => {
    const headers = range(`bytes 100-${size - 1}/${size}`);
    const { chunks } = await download(() => ({ kind: "status", status: 206, headers, body }), {
      offset: 100,
    });
    expect(await collect(chunks)).toHaveLength(rest);
  });

  test("is the whole blob, and more than a little of it would be thrown away", async () => {
    const wanted = { ...descriptor, size: 3 * 2 ** 20 };
    const { chunks } = await download(
      () => ({ kind: "status", status: 200, body: Buffer.alloc(wanted.size) }),
      {
        wanted,
        offset: 2 * 2 ** 20,
      },
    );
    await expect(collect(chunks)).rejects.toMatchObject({ code: "REGISTRY_RANGE" });
  });
});

describe("a layer that a registry may not distribute", () => {
  test("comes from the places that its descriptor names, without credentials", async () => {
    const storage = await serve();
    const registry = await serve({ images: {}, auth: { kind: "basic", user: "u", password: "p" } });
    const { client } = connect({
      credentials: async () => ({ kind: "password", username: "u", password: "p" }),
    });
    const urls = [
      "no URL",
      `http://${storage.host}/v2/test/blobs/sha256:${"0".repeat(64)}`,
      `http://${storage.host}/v2/test/blobs/${descriptor.digest}`,
    ];
    const reference = parseReference(`${registry.host}/test`);
    const chunks = fetchBlob(client, reference, { ...descriptor, urls }, { signal });
    expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(registry.requests.length).toBeGreaterThan(0);
    expect(storage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
  });

  test("is the registry's own 404 where none of the places has it", async () => {
    const registry = await serve({ images: {} });
    const { client } = connect();
    const urls = ["http://registry.example/x", "file:///etc/passwd", `http://${registry.host}/x`];
    const chunks = fetchBlob(
      client,
      parseReference(`${registry.host}/test`),
      { ...descriptor, urls },
      { signal },
    );
    await expect(collect(chunks)).rejects.toMatchObject({
      code: "REGISTRY_NOT_FOUND",
      message: expect.stringContaining(descriptor.digest),
    });
  });
});

test("no more connections than asked for are open to one host; further requests wait", async () => {
  const registry = await serve({ fault: () => ({ kind: "stall", afterBytes: 1 }) });
  const { client } = connect({ maxConnectionsPerHost: 2 });
  const reference = parseReference(`${registry.host}/test`);
  const controllers = [1, 2, 3].map(() => new AbortController());
  const downloads = controllers.map(({ signal }) =>
    collect(fetchBlob(client, reference, descriptor, { signal })),
  );
  const outcomes = Promise.allSettled(downloads);
  await vi.waitFor(() => expect(registry.requests).toHaveLength(2));
  await wait(50);
  expect(registry.requests).toHaveLength(2);
  controllers[0]?.abort();
  await vi.waitFor(() => expect(registry.requests).toHaveLength(3));
  for (const controller of controllers) controller.abort();
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
});
