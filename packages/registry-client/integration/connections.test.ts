import { setTimeout as wait } from "node:timers/promises";
import { digestOf, parseDigest } from "@bootlayer/image-spec";
import { byteGate, image, layerBlob, tarArchive, type Registry } from "@bootlayer/test-fixtures";
import { expect, test, vi } from "vitest";
import {
  fetchBlob,
  parseReference,
  pushBlob,
  type RegistryClient,
  type RegistryRoute,
} from "../src/index.ts";
import { collect, connect, content, serve } from "./loopback.ts";
import { serveUploads } from "./upload-server.ts";

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

test("an upload whose bytes come by the same client does not wait for them, with one request in all", async () => {
  const from = await serve({ images });
  const to = await serveUploads();
  const { client } = connect({ maxConnections: 1 });
  const source = parseReference(`${from.host}/test`);
  const target = parseReference(`${to.host}/test`);
  await Promise.all(
    descriptors.map(async (descriptor) => {
      const open = (within: AbortSignal) => fetchBlob(client, source, descriptor, { signal: within });
      expect(await pushBlob(client, target, descriptor, open, { signal })).toBe("uploaded");
    }),
  );
  for (const { descriptor, bytes } of layers)
    expect(to.stored.get(`blobs/${descriptor.digest}`)?.equals(bytes)).toBe(true);
});
