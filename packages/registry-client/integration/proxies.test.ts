import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  makeCertificates,
  requireJudge,
  startDockerRegistry,
  startForwardProxy,
  writeLayout,
  type ForwardProxy,
  type ForwardProxyOptions,
} from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { fetchManifest, parseReference } from "../src/index.ts";
import { connect, serve, small } from "./loopback.ts";

const { signal } = new AbortController();

async function startProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const proxy = await startForwardProxy(options);
  onTestFinished(proxy.close);
  return proxy;
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
      const proxy = await startProxy({ refuse: status });
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
  describe.skipIf(judge.skip)(`Debian's docker-registry${judge.reason}`, () => {
    test.for([false, true])(
      "is spoken to by TLS from end to end, where the proxy has TLS too: %s",
      async (isTls) => {
        const directory = await mkdtemp(join(tmpdir(), "bootlayer-proxy-"));
        onTestFinished(() => rm(directory, { recursive: true }));
        const certificates = await makeCertificates(join(directory, "certificates"));
        const registry = await startDockerRegistry({ tls: { certificates } });
        onTestFinished(registry.close);
        await writeLayout(join(directory, "layout"), { small });
        await registry.push(join(directory, "layout"), "small", "test:latest");
        const proxy = await startProxy(isTls ? { tls: certificates.server } : {});
        const settings = { plainHttp: false, tls: () => ({ additionalCa: [certificates.ca] }) };
        const url = new URL(`${isTls ? "https" : "http"}://${proxy.host}`);
        const { client } = connect({ ...settings, proxy: () => url });
        const fetched = await fetchManifest(client, parseReference(`${registry.host}/test`), signal);
        expect(fetched.descriptor.digest).toBe(small.manifestDescriptor.digest);
        expect(proxy.seen).toEqual([`CONNECT ${registry.host} `]);
      },
    );
  });
});
