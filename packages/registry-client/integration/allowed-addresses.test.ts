import type { LookupAddress, LookupAllOptions } from "node:dns";
import { createServer } from "node:http";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { fetchManifest, parseReference, type RegistryClientOptions } from "../src/index.ts";
import { connect, serve, small } from "./loopback.ts";

/** What the resolver answers, one after another; the last one again and again. Empty: the system's resolver. */
const answers: string[] = [];
afterEach(() => {
  answers.length = 0;
});

type LookupAllCallback = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void;

vi.mock("node:dns", async (original) => {
  const dns = await original<typeof import("node:dns")>();
  const lookup = (name: string, options: LookupAllOptions, callback: LookupAllCallback): void => {
    const address = answers.length > 1 ? answers.shift() : answers[0];
    if (address === undefined) dns.lookup(name, options, callback);
    else callback(null, [{ address, family: 4 }]);
  };
  return { ...dns, default: { ...dns, lookup }, lookup };
});

const { signal } = new AbortController();
const refused = { code: "REGISTRY_ADDRESS_REFUSED" };

/** 127.0.0.2 stands for the world, 127.0.0.1 for what is the server's own. */
const onlyWorld: NonNullable<RegistryClientOptions["allowAddress"]> = (address) => address === "127.0.0.2";

async function fetchLatest(host: string, options: RegistryClientOptions): Promise<string> {
  const { client } = connect({ plainHttp: true, ...options });
  const { descriptor } = await fetchManifest(client, parseReference(`${host}/test:latest`), signal);
  return descriptor.digest;
}

/** A server on every address of loopback that ends each connection after one answer. */
async function answering(
  handle: (request: { readonly url: string; readonly port: number; readonly to: string }) => {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: Uint8Array;
  },
): Promise<{ readonly port: number; readonly reached: string[] }> {
  const reached: string[] = [];
  let port = 0;
  const server = createServer((request, response) => {
    const to = request.socket.localAddress ?? "";
    reached.push(`${to} ${request.url}`);
    const { status, headers, body } = handle({ url: request.url ?? "", port, to });
    response.writeHead(status, { ...headers, connection: "close" }).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "0.0.0.0", resolve);
  });
  onTestFinished(() => void server.close());
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, reached };
}

const manifestAnswer = {
  status: 200,
  headers: { "content-type": small.manifestDescriptor.mediaType },
  body: small.manifest,
};

test.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])(
  "a registry whose address is refused gets no connection, written as %s",
  async (name) => {
    const { port, reached } = await answering(() => manifestAnswer);
    const { client } = connect({ plainHttp: true, allowAddress: onlyWorld });
    const request = {
      registry: `${name}:${port}`,
      repository: "test",
      method: "GET",
      path: "manifests/latest",
      headers: {},
      subject: "test",
    } as const;
    await expect(client.send(request, signal)).rejects.toMatchObject(refused);
    expect(reached).toEqual([]);
  },
);

test("each connection is asked about with its address and the host that it was found for", async () => {
  const { port } = await answering(() => manifestAnswer);
  const asked: string[] = [];
  answers.push("127.0.0.2");
  await fetchLatest(`registry.example:${port}`, {
    allowAddress(address, host) {
      asked.push(`${address} ${host}`);
      return true;
    },
  });
  expect(asked).toEqual(["127.0.0.2 registry.example"]);
});

test("a name that is answered with an allowed address first and with a refused one then is refused then", async () => {
  const { port, reached } = await answering(() => manifestAnswer);
  const { client } = connect({ plainHttp: true, allowAddress: onlyWorld });
  const reference = parseReference(`rebinding.example:${port}/test:latest`);
  answers.push("127.0.0.2", "127.0.0.1");
  await fetchManifest(client, reference, signal);
  await expect(fetchManifest(client, reference, signal)).rejects.toMatchObject(refused);
  expect(reached).toEqual(["127.0.0.2 /v2/test/manifests/latest"]);
});

test.each([
  ["an address", (port: number) => `http://127.0.0.1:${port}/inside`],
  ["a name", (port: number) => `http://localhost:${port}/inside`],
  ["IPv4 in IPv6", (port: number) => `http://[::ffff:127.0.0.1]:${port}/inside`],
])("a redirect to a refused address is not followed: %s", async (_, location) => {
  const { port, reached } = await answering(({ url, port: own }) =>
    url === "/inside" ? manifestAnswer : { status: 307, headers: { location: location(own) } },
  );
  await expect(fetchLatest(`127.0.0.2:${port}`, { allowAddress: onlyWorld })).rejects.toMatchObject(refused);
  expect(reached).toEqual(["127.0.0.2 /v2/test/manifests/latest"]);
});

test("a token server on a refused address is not asked", async () => {
  const { port, reached } = await answering(({ port: own }) => ({
    status: 401,
    headers: { "www-authenticate": `Bearer realm="http://127.0.0.1:${own}/token",service="x"` },
  }));
  await expect(fetchLatest(`127.0.0.2:${port}`, { allowAddress: onlyWorld })).rejects.toMatchObject(refused);
  expect(reached).toEqual(["127.0.0.2 /v2/test/manifests/latest"]);
});

test("a mirror on a refused address is passed over without a connection", async () => {
  const { port, reached } = await answering(() => manifestAnswer);
  const mirror = {
    api: new URL(`http://127.0.0.1:${port}/mirror/`),
    repository: "test",
    tags: true,
    digests: true,
  };
  const digest = await fetchLatest(`127.0.0.2:${port}`, {
    allowAddress: onlyWorld,
    routes: async () => ({ mirrors: [mirror], origins: [] }),
  });
  expect(digest).toBe(small.manifestDescriptor.digest);
  expect(reached).toEqual(["127.0.0.2 /v2/test/manifests/latest"]);
});

test("the refusal names the host as it was asked for, and not where in the network it leads", async () => {
  const { host } = await serve();
  answers.push("127.0.0.1");
  const outcome = fetchLatest(`inside.example:${host.split(":")[1]}`, { allowAddress: onlyWorld });
  await expect(outcome).rejects.toThrow("inside.example");
  await expect(outcome).rejects.not.toThrow("127.0.0.1");
});
