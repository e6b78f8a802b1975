import { createServer, request as forward, type Server } from "node:http";
import { connect as connectTcp } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates, requireJudge, startDockerRegistry, writeLayout } from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchManifest, parseReference } from "../src/index.ts";
import { connect, listen, serve, small } from "./loopback.ts";

const { signal } = new AbortController();

interface Proxy {
  readonly host: string;
  /** What it was asked to reach, with the method and the password that came along. */
  readonly seen: string[];
}

/** A forward proxy (RFC 9110, 7.6 and 9.3.6) that leads every host of the tests to loopback. */
async function startProxy(refuse?: number): Promise<Proxy> {
  const seen: string[] = [];
  const server: Server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "");
    const authorization = incoming.headers["proxy-authorization"] ?? "";
    seen.push(`${incoming.method} ${url.host} ${authorization}`);
    if (refuse !== undefined) return void response.writeHead(refuse).end();
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    forward({ host: "127.0.0.1", port: url.port, path: url.pathname, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    }).end();
  });
  server.on("connect", (incoming, client) => {
    seen.push(`CONNECT ${incoming.url} ${incoming.headers["proxy-authorization"] ?? ""}`);
    if (refuse !== undefined) return void client.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
    const port = Number(incoming.url?.split(":").at(-1));
    const upstream = connectTcp(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  return { host: await listen(server), seen };
}

describe("through a proxy", () => {
  const secret = "hunter2";
  const basic = `Basic ${Buffer.from(`u:${secret}`).toString("base64")}`;

  test("a registry without TLS is asked by the proxy, which gets the password of its URL", async () => {
    const registry = await serve();
    const proxy = await startProxy();
    const { client } = connect({ proxy: () => new URL(`http://u:${secret}@${proxy.host}`) });
    const fetched = await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
    expect(fetched.descriptor.digest).toBe(small.manifestDescriptor.digest);
    expect(proxy.seen).toEqual([`GET ${registry.host} ${basic}`]);
    expect(registry.requests[0]?.headers["proxy-authorization"]).toBeUndefined();
  });

  test.each([407, 403, 502])(
    "a refusal of a tunnel (%s) is REGISTRY_PROXY, without the password",
    async (status) => {
      const proxy = await startProxy(status);
      const { client } = connect({
        plainHttp: false,
        proxy: () => new URL(`http://u:${secret}@${proxy.host}`),
      });
      const error: unknown = await fetchManifest(client, parseReference("r.example/test"), signal).catch(
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({
        code: "REGISTRY_PROXY",
        message: expect.stringContaining(String(status)),
      });
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(secret);
      expect(String(error instanceof Error && error.cause)).not.toContain(secret);
    },
  );

  test("a proxy that is not there is REGISTRY_PROXY", async () => {
    const { client } = connect({ proxy: () => new URL("http://127.0.0.1:1") });
    await expect(fetchManifest(client, parseReference("r.example/test"), signal)).rejects.toMatchObject({
      code: "REGISTRY_PROXY",
    });
  });

  const judge = requireJudge("docker-registry", "skopeo", "openssl");
  test.skipIf(judge.skip)(
    `Debian's docker-registry is spoken to by TLS from end to end${judge.reason}`,
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "bootlayer-proxy-"));
      onTestFinished(() => rm(directory, { recursive: true }));
      const certificates = await makeCertificates(join(directory, "certificates"));
      const registry = await startDockerRegistry({ tls: { certificates } });
      onTestFinished(registry.close);
      await writeLayout(join(directory, "layout"), { small });
      await registry.push(join(directory, "layout"), "small", "test:latest");
      const proxy = await startProxy();
      const settings = { plainHttp: false, tls: () => ({ additionalCa: [certificates.ca] }) };
      const { client } = connect({ ...settings, proxy: () => new URL(`http://${proxy.host}`) });
      const fetched = await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
      expect(fetched.descriptor.digest).toBe(small.manifestDescriptor.digest);
      expect(proxy.seen).toEqual([`CONNECT ${registry.host} `]);
    },
  );
});
