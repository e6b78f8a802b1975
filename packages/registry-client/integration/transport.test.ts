import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireJudge } from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { boundedBody } from "../src/bounded-body.ts";
import { fetchManifest, parseReference, type TlsSettings } from "../src/index.ts";
import { createTransport, type Confinement } from "../src/transport.ts";
import { connect, listen, serve, small } from "./loopback.ts";

const { signal } = new AbortController();

function transport() {
  const created = createTransport({
    userAgent: "test",
    maxConnectionsPerHost: 2,
    maxConnections: 8,
    stallMilliseconds: 5000,
    minBytesPerSecond: 0,
    tls: () => undefined,
    proxy: () => undefined,
    allowAddress: () => true,
  });
  onTestFinished(() => created.close());
  return created;
}

function get(url: string, confinement: Confinement) {
  return { method: "GET", url: new URL(url), headers: {}, confinement } as const;
}

describe("where a connection may go is judged after the name is looked up", () => {
  test.each(["public", "private"] as const)(
    "this machine is out of bounds where only %s addresses are in",
    async (confinement) => {
      const { host, requests } = await serve();
      const port = host.split(":")[1];
      for (const name of [host, `localhost:${port}`, `[::ffff:127.0.0.1]:${port}`])
        await expect(
          transport().request(get(`http://${name}/v2/`, confinement), signal),
        ).rejects.toMatchObject({
          code: "REGISTRY_ADDRESS_REFUSED",
        });
      expect(requests).toEqual([]);
    },
  );

  test.each(["anywhere", "loopback"] as const)("this machine is in bounds of %s", async (confinement) => {
    const { host } = await serve();
    const response = await transport().request(
      get(`http://localhost:${host.split(":")[1]}/v2/`, confinement),
      signal,
    );
    expect((await boundedBody(response, 10, "a test")).toString()).toBe("{}");
  });

  test("how near a host is, is known once it was connected to", async () => {
    const { host } = await serve();
    const fresh = transport();
    expect(fresh.reachOf("localhost")).toBe("public");
    const response = await fresh.request(
      get(`http://localhost:${host.split(":")[1]}/v2/`, "anywhere"),
      signal,
    );
    await response.discard();
    expect(fresh.reachOf("localhost")).toBe("loopback");
    expect(fresh.reachOf("10.0.0.1")).toBe("private");
  });
});

test("a name that no one has is REGISTRY_UNREACHABLE", async () => {
  await expect(
    transport().request(get("http://no-such-host.invalid/", "anywhere"), signal),
  ).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
  });
});

/** Serves the test image by TLS as 127.0.0.1, with a certificate that it signs itself. */
async function serveTls() {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-tls-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"];
  const kind = ["-x509", "-days", "1", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  await promisify(execFile)("openssl", ["req", ...kind, ...subject, "-keyout", key, "-out", cert]);
  const pem = { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  const server = createServer(pem, (request, response) => {
    if (request.url?.endsWith("/downgrade"))
      response.writeHead(307, { location: "http://127.0.0.1:1/x" }).end();
    else if (request.url?.endsWith("/realm"))
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://127.0.0.1:1/token"' }).end();
    else response.end(small.manifest);
  });
  return { host: await listen(server), cert: pem.cert };
}

async function fetchByTls(tag: string, trust: (cert: string) => TlsSettings | undefined) {
  const { host, cert } = await serveTls();
  const asked: string[] = [];
  const tls = (name: string) => {
    asked.push(name);
    return trust(cert);
  };
  const { client } = connect({ plainHttp: (name) => name !== host, tls });
  const outcome = fetchManifest(client, parseReference(`${host}/test:${tag}`), signal);
  await Promise.allSettled([outcome]);
  return { outcome, asked, host };
}

const openssl = requireJudge("openssl");

describe.skipIf(openssl.skip)(`TLS${openssl.reason}`, () => {
  test("with a certificate authority that is named for the host is trusted", async () => {
    const { outcome, asked, host } = await fetchByTls("latest", (ca) => ({ ca }));
    expect((await outcome).descriptor.digest).toBe(small.manifestDescriptor.digest);
    expect(new Set(asked)).toEqual(new Set([host]));
  });

  test("with a certificate that nobody vouches for is REGISTRY_TLS, at once", async () => {
    const { outcome } = await fetchByTls("latest", () => undefined);
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_TLS" });
  });

  test("is not given up in a redirect, even where plain HTTP is allowed", async () => {
    const { outcome } = await fetchByTls("downgrade", (ca) => ({ ca }));
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_REDIRECT_REFUSED" });
  });

  test("is not given up for a token server, even where plain HTTP is allowed", async () => {
    const { outcome } = await fetchByTls("realm", (ca) => ({ ca }));
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_REALM_REFUSED" });
  });

  test("with a certificate that is no PEM is a typed error", async () => {
    const { outcome } = await fetchByTls("latest", (ca) => ({ ca, cert: "nonsense", key: "nonsense" }));
    await expect(outcome).rejects.toMatchObject({ code: "REGISTRY_TLS" });
  });
});
