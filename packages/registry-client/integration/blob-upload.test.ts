import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { digestOf } from "@bootlayer/image-spec";
import { describe, expect, test } from "vitest";
import { parseReference, pushBlob, type PushBlobOptions } from "../src/index.ts";
import { connect, content, listen } from "./loopback.ts";
import { serveUploads, type UploadServerOptions } from "./upload-server.ts";

const digest = digestOf(content);
const descriptor = { digest, size: content.length };
const { signal } = new AbortController();

async function* inChunks(bytes: Uint8Array, size = 30_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Pushes the content to a server of this test. */
async function push(
  server: UploadServerOptions = {},
  options: Partial<PushBlobOptions> = {},
  open: (signal: AbortSignal) => AsyncIterable<Uint8Array> = () => inChunks(content),
) {
  const registry = await serveUploads(server);
  const { client, events, pauses } = connect({
    credentials: async () => ({ kind: "password", username: "u", password: "p" }),
    retry: { attempts: 3 },
    stallMilliseconds: 5000,
  });
  const reference = parseReference(`${registry.host}/test`);
  const outcome = pushBlob(client, reference, descriptor, open, { signal, ...options });
  await Promise.allSettled([outcome]);
  return { outcome, registry, events, pauses };
}

describe("a blob", () => {
  test("goes by one request, to the very URL that the registry gives", async () => {
    const { outcome, registry } = await push();
    expect(await outcome).toBe("uploaded");
    expect(registry.stored.get(`blobs/${digest}`)?.equals(content)).toBe(true);
    expect(registry.seen()).toEqual([
      "HEAD blobs/D",
      "POST blobs/uploads/",
      `PUT blobs/uploads/1?state=a%2Bb%20c&digest=${encodeURIComponent(digest)}`,
    ]);
    expect(registry.requests.at(-1)?.headers).toMatchObject({
      "content-length": String(content.length),
      "content-type": "application/octet-stream",
    });
  });

  test("arrives as it is though its source uses memory again and the registry is slow to read", async () => {
    const large = createHash("shake256", { outputLength: 16 * 2 ** 20 })
      .update("large")
      .digest();
    const received: Buffer[] = [];
    const server = createServer((request, response) => {
      if (request.method === "HEAD") response.writeHead(404).end();
      if (request.method === "POST") response.writeHead(202, { location: "/v2/test/blobs/uploads/1" }).end();
      if (request.method !== "PUT") return;
      // By now the socket is full, and the client holds what it has read ahead.
      setTimeout(() => {
        request.on("data", (chunk: Buffer) => received.push(chunk));
        request.on("end", () => response.writeHead(201).end());
      }, 300);
    });
    const reference = parseReference(`${await listen(server)}/test`);
    async function* reusing(): AsyncGenerator<Uint8Array> {
      const memory = Buffer.alloc(2 ** 20);
      for (let at = 0; at < large.length; at += memory.length) {
        large.copy(memory, 0, at);
        yield memory;
      }
    }
    const named = { digest: digestOf(large), size: large.length };
    expect(await pushBlob(connect().client, reference, named, reusing, { signal })).toBe("uploaded");
    expect(Buffer.concat(received).equals(large)).toBe(true);
  });

  test("that is there is not sent", async () => {
    const { outcome, registry } = await push({
      fault: ({ method }) =>
        method === "HEAD"
          ? { status: 200, headers: { "content-length": String(content.length) } }
          : undefined,
    });
    expect(await outcome).toBe("present");
    expect(registry.requests).toHaveLength(1);
  });

  test("is sent where the registry does not know HEAD", async () => {
    const { outcome } = await push({
      fault: ({ method }) => (method === "HEAD" ? { status: 405 } : undefined),
    });
    expect(await outcome).toBe("uploaded");
  });

  test("of more than a chunk goes in chunks, each from where the last one ended", async () => {
    const { outcome, registry } = await push({}, { chunkBytes: 70_000 });
    expect(await outcome).toBe("uploaded");
    expect(registry.stored.get(`blobs/${digest}`)?.equals(content)).toBe(true);
    const patches = registry.requests.filter(({ method }) => method === "PATCH");
    expect(patches.map(({ headers }) => headers["content-range"])).toEqual([
      "0-69999",
      "70000-139999",
      "140000-199999",
    ]);
  });

  test("goes in chunks as large as the registry wants", async () => {
    const { outcome, registry } = await push({ minChunkBytes: 150_000 }, { chunkBytes: 1000 });
    expect(await outcome).toBe("uploaded");
    const patches = registry.requests.filter(({ method }) => method === "PATCH");
    expect(patches.map(({ headers }) => headers["content-range"])).toEqual(["0-149999", "150000-199999"]);
  });

  test.each([
    ["one request", "chunks", "PUT", 413, content.length],
    ["chunks", "one request", "PATCH", 405, 70_000],
  ] as const)(
    "that the registry refuses by %s goes by %s",
    async (_, _other, refused, status, chunkBytes) => {
      const { outcome, registry } = await push(
        { fault: ({ method, attempt }) => (method === refused && attempt === 1 ? { status } : undefined) },
        { chunkBytes },
      );
      expect(await outcome).toBe("uploaded");
      expect(registry.stored.get(`blobs/${digest}`)?.equals(content)).toBe(true);
      expect(registry.uploads.size).toBe(0);
    },
  );
});

describe("an upload that leaves the registry", () => {
  test("gets no Authorization there", async () => {
    const { outcome, registry } = await push({
      locationOrigin: (storage) => `http://${storage}`,
      fault: ({ server, headers }) =>
        server === "registry" && headers.authorization === undefined
          ? { status: 401, headers: { "www-authenticate": 'Basic realm="test"' } }
          : undefined,
    });
    expect(await outcome).toBe("uploaded");
    const elsewhere = registry.requests.filter(({ server }) => server === "storage");
    expect(elsewhere.map(({ method, headers }) => [method, headers.authorization])).toEqual([
      ["PUT", undefined],
    ]);
    expect(registry.requests.filter(({ headers }) => headers.authorization)).not.toHaveLength(0);
  });

  test.each([
    ["ftp://127.0.0.1", "REGISTRY_REDIRECT_REFUSED"],
    ["http://169.254.169.254", "REGISTRY_REDIRECT_REFUSED"],
    ["https://169.254.169.254", "REGISTRY_ADDRESS_REFUSED"],
    ["http://user@127.0.0.1", "REGISTRY_PROTOCOL"],
  ])("does not go to %s", async (origin, code) => {
    const { outcome } = await push({ locationOrigin: () => origin });
    await expect(outcome).rejects.toMatchObject({ code });
  });
});

describe("an upload that breaks", () => {
  test("goes on where the registry says that it ended", async () => {
    const { outcome, registry, pauses } = await push({
      fault: ({ method, attempt }) => (method === "PUT" && attempt === 1 ? { dropAfter: 90_000 } : undefined),
    });
    expect(await outcome).toBe("uploaded");
    expect(registry.stored.get(`blobs/${digest}`)?.equals(content)).toBe(true);
    const patch = registry.requests.find(({ method }) => method === "PATCH");
    expect(patch?.headers["content-range"]).toBe("90000-199999");
    expect(pauses).toHaveLength(1);
  });

  test("begins anew where the registry has forgotten it", async () => {
    const { outcome, registry } = await push({
      fault({ method, attempt }) {
        if (method === "PUT" && attempt === 1) return { dropAfter: 90_000 };
        return method === "GET" ? { status: 404 } : undefined;
      },
    });
    expect(await outcome).toBe("uploaded");
    expect(registry.seen().filter((line) => line.startsWith("POST"))).toHaveLength(2);
  });

  test("in the middle of its chunks goes on with the chunk that is missing", async () => {
    const { outcome, registry } = await push(
      {
        fault: ({ method, attempt }) =>
          method === "PATCH" && attempt === 2 ? { dropAfter: 20_000 } : undefined,
      },
      { chunkBytes: 70_000 },
    );
    expect(await outcome).toBe("uploaded");
    const patches = registry.requests.filter(({ method }) => method === "PATCH");
    expect(patches.map(({ headers }) => headers["content-range"])).toEqual([
      "0-69999",
      "70000-139999",
      "90000-159999",
      "160000-199999",
    ]);
  });

  test("after its last byte is not repeated if the blob is there", async () => {
    const { outcome, registry } = await push({
      fault: ({ method, attempt }) => (method === "PUT" && attempt === 1 ? "lose-answer" : undefined),
    });
    expect(await outcome).toBe("uploaded");
    expect(registry.seen().filter((line) => line.startsWith("PUT"))).toHaveLength(1);
  });

  test("at every attempt is given up, and deleted", async () => {
    const { outcome, registry } = await push({
      fault: ({ method }) => (method === "PUT" ? { status: 503 } : undefined),
    });
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_UNAVAILABLE", status: 503 });
    expect(registry.uploads.size).toBe(0);
    expect(registry.seen().at(-1)).toMatch(/^DELETE /);
  });
});

describe("bytes that are not the blob's are never taken for it:", () => {
  const wrong = Buffer.from(content);
  wrong[199_999] = (wrong[199_999] ?? 0) ^ 1;
  test.each([
    ["wrong ones", () => inChunks(wrong), "BLOB_DIGEST"],
    ["too few", () => inChunks(content.subarray(1)), "BLOB_SIZE"],
    ["too many", () => inChunks(Buffer.concat([content, Buffer.alloc(1)])), "BLOB_SIZE"],
  ] as const)("%s", async (_, open, code) => {
    const { outcome, registry } = await push({}, {}, open);
    await expect(outcome).rejects.toMatchObject({ code });
    expect(registry.stored.size).toBe(0);
    expect(registry.uploads.size).toBe(0);
  });

  test("nor a source that fails, whose own error it is", async () => {
    const failure = new Error("disk on fire");
    const { outcome, registry } = await push({}, {}, async function* () {
      yield content.subarray(0, 1000);
      throw failure;
    });
    await expect(outcome).rejects.toBe(failure);
    expect(registry.uploads.size).toBe(0);
  });
});

test("an upload that is cancelled ends with the signal's reason, and is deleted", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const { outcome, registry } = await push({}, { signal: controller.signal }, async function* (signal) {
    yield content.subarray(0, 1000);
    controller.abort(reason);
    signal.throwIfAborted();
  });
  await expect(outcome).rejects.toBe(reason);
  expect(registry.uploads.size).toBe(0);
});

describe("a blob of another repository", () => {
  test("is mounted from the first that has it", async () => {
    const { outcome, registry } = await push({ mountable: ["b"] }, { mountFrom: ["a", "b", "c"] });
    expect(await outcome).toBe("mounted");
    expect(registry.seen().filter((line) => line.startsWith("POST"))).toHaveLength(2);
    expect(registry.uploads.size).toBe(0);
  });

  test("that cannot be mounted is uploaded by the upload that was begun instead", async () => {
    const { outcome, registry } = await push({}, { mountFrom: ["a"] });
    expect(await outcome).toBe("uploaded");
    expect(registry.seen().filter((line) => line.startsWith("POST"))).toHaveLength(1);
  });

  test("is uploaded where mounting is an error", async () => {
    const { outcome } = await push(
      { fault: ({ path }) => (path.includes("mount=") ? { status: 403 } : undefined) },
      { mountFrom: ["a"] },
    );
    expect(await outcome).toBe("uploaded");
  });

  test("has a sound name", async () => {
    const { outcome, registry } = await push({}, { mountFrom: ["a:pull repository:secret"] });
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_OPTIONS" });
    expect(registry.requests).toEqual([]);
  });
});
