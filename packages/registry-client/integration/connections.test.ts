import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { digestOf, parseDigest } from "@bootlayer/image-spec";
import { byteGate, image, layerBlob, tarArchive, type Registry } from "@bootlayer/test-fixtures";
import { describe, expect, test, vi } from "vitest";
import {
  fetchBlob,
  parseReference,
  pushBlob,
  type RegistryClient,
  type RegistryClientOptions,
  type RegistryRoute,
} from "../src/index.ts";
import { collect, connect, content, serve } from "./loopback.ts";
import { serveUploads, type UploadServer } from "./upload-server.ts";

const { signal } = new AbortController();
const layers = Array.from({ length: 4 }, (_, number) =>
  layerBlob(tarArchive([{ name: `file-${number}`, content }]), "none"),
);
const images = { "test:latest": image(layers) };
const descriptors = layers.map(({ descriptor: { digest, size } }) => ({ digest: parseDigest(digest), size }));

/** Registries whose answers wait at a gate: one leads to storage, one has a mirror, one is alone. */
async function hosts() {
  const gate = byteGate();
  const gated = { kind: "gated", gate } as const;
  const storing = await serve({
    images,
    fault: ({ server }) => (server === "registry" ? { kind: "redirect" } : gated),
  });
  const mirrored = await serve({ images });
  const mirror = await serve({ images, fault: () => gated });
  const alone = await serve({ images, fault: () => gated });
  const route: RegistryRoute = {
    mirrors: [{ api: new URL(`http://${mirror.host}/v2/`), repository: "test", tags: false, digests: true }],
    origins: [],
  };
  return {
    gate,
    registries: [storing, mirrored, alone],
    routes: async (registry: string) => (registry === mirrored.host ? route : undefined),
    /** How many answers were begun, by host; a redirect is over at once. */
    begun: () => [
      storing.requests.filter(({ server }) => server === "blob-host").length,
      mirror.requests.length,
      alone.requests.length,
    ],
  };
}

function download(
  client: RegistryClient,
  { host }: Registry,
  within: AbortSignal = signal,
): Promise<Buffer>[] {
  const reference = parseReference(`${host}/test`);
  return descriptors.map((descriptor) =>
    collect(fetchBlob(client, reference, descriptor, { signal: within })),
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

test("no more requests are under way to all hosts than asked for: registries, mirrors and storage", async () => {
  const { gate, registries, routes, begun } = await hosts();
  const { client } = connect({ maxConnections: 5, maxConnectionsPerHost: 2, routes });
  const downloads = registries.map((registry) => download(client, registry));
  await vi.waitFor(() => expect(sum(begun())).toBe(5));
  await wait(50);
  expect(sum(begun())).toBe(5);
  expect(Math.max(...begun())).toBe(2);
  gate.open();
  for (const bytes of downloads)
    expect((await Promise.all(bytes)).map((each) => digestOf(each))).toEqual(
      descriptors.map(({ digest }) => digest),
    );
  expect(begun()).toEqual([4, 4, 4]);
});

test("a host whose requests wait for each other keeps no other host waiting", async () => {
  const { gate, registries, routes, begun } = await hosts();
  const { client } = connect({ maxConnections: 3, maxConnectionsPerHost: 1, routes });
  const downloads = registries.toReversed().flatMap((registry) => download(client, registry));
  await vi.waitFor(() => expect(begun()).toEqual([1, 1, 1]));
  gate.open();
  await Promise.all(downloads);
});

test("a request that waits for other hosts heeds its signal, and makes none afterwards", async () => {
  const { gate, registries, routes, begun } = await hosts();
  const { client } = connect({ maxConnections: 1, routes });
  const [storing, mirrored, alone] = registries;
  const first = storing && download(client, storing);
  await vi.waitFor(() => expect(begun()).toEqual([1, 0, 0]));
  const controller = new AbortController();
  const waiting = [mirrored, alone].flatMap((registry) =>
    registry ? download(client, registry, controller.signal) : [],
  );
  await wait(20);
  controller.abort(new Error("enough"));
  for (const outcome of await Promise.allSettled(waiting))
    expect(outcome).toMatchObject({ status: "rejected", reason: { message: "enough" } });
  gate.open();
  await Promise.all(first ?? []);
  expect(begun()).toEqual([4, 0, 0]);
});

test("closing the client ends what waits", async () => {
  const { registries, routes, begun } = await hosts();
  const { client } = connect({ maxConnections: 1, routes });
  const outcomes = Promise.allSettled(registries.flatMap((registry) => download(client, registry)));
  await vi.waitFor(() => expect(sum(begun())).toBe(1));
  await client.close();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "REGISTRY_CLOSED" } });
});

describe("copies by one client, whose uploads wait for its downloads and keep them open meanwhile, all end", () => {
  // More than a client reads ahead, or the downloads would be over at once.
  const large = Array.from({ length: 4 }, (_, number) => layerBlob(randomBytes(2 ** 21 + number), "none"));
  const digests = large.map(({ descriptor }) => descriptor.digest);
  const chunkBytes = 2 ** 19;

  function serveLarge(): Promise<Registry> {
    return serve({ images: { "test:latest": image(large) } });
  }

  /** Copies all layers at once; gives the digests of what arrived. */
  async function copy(
    client: RegistryClient,
    from: string,
    to: UploadServer,
    bytes?: number,
  ): Promise<readonly string[]> {
    const [source, target] = [parseReference(from), parseReference(`${to.host}/test`)];
    const options = { signal, ...(bytes === undefined ? {} : { chunkBytes: bytes }) };
    await Promise.all(
      large.map(async ({ descriptor: { digest, size } }) => {
        const descriptor = { digest: parseDigest(digest), size };
        const open = (within: AbortSignal) => fetchBlob(client, source, descriptor, { signal: within });
        await pushBlob(client, target, descriptor, open, options);
      }),
    );
    return large.map(({ descriptor: { digest } }) =>
      digestOf(to.stored.get(`blobs/${digest}`) ?? Buffer.of()),
    );
  }

  test.for<[string, RegistryClientOptions, number?]>([
    ["with one request in all", { maxConnections: 1 }],
    ["in chunks, with one request to a host", { maxConnectionsPerHost: 1 }, chunkBytes],
    ["in chunks, with one request in all", { maxConnections: 1 }, chunkBytes],
  ])("%s", async ([, options, bytes]) => {
    const from = await serveLarge();
    const { client } = connect(options);
    expect(await copy(client, `${from.host}/test`, await serveUploads(), bytes)).toEqual(digests);
  });

  test.for<[string, number?]>([["whole"], ["in chunks", chunkBytes]])(
    "%s, within one registry",
    async ([, bytes]) => {
      const to = await serveUploads();
      for (const { descriptor, bytes } of large) to.stored.set(`/v2/other/blobs/${descriptor.digest}`, bytes);
      const { client } = connect({ maxConnectionsPerHost: 2 });
      expect(await copy(client, `${to.host}/other`, to, bytes)).toEqual(digests);
    },
  );

  test("though a chunk breaks, and the registry is asked what it has of it", async () => {
    const from = await serveLarge();
    const to = await serveUploads({
      fault: ({ method, attempt }) => (method === "PATCH" && attempt === 2 ? "lose-answer" : undefined),
    });
    const { client } = connect({ maxConnections: 1 });
    expect(await copy(client, `${from.host}/test`, to, chunkBytes)).toEqual(digests);
    expect(to.requests.some(({ method }) => method === "GET")).toBe(true);
  });

  test("as many blobs are on their way to a registry as it bears requests", async () => {
    const from = await serveLarge();
    let most = 0;
    const to: UploadServer = await serveUploads({
      fault: () => void (most = Math.max(most, to.uploads.size)),
    });
    const { client } = connect({ maxConnectionsPerHost: 2 });
    expect(await copy(client, `${from.host}/test`, to, chunkBytes)).toEqual(digests);
    expect(most).toBe(2);
  });
});
