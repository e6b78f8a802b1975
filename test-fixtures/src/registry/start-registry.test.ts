import { afterEach, describe, expect, test } from "vitest";
import { image, imageIndex } from "../image.ts";
import { layerBlob } from "../layer-blob.ts";
import { sha256Digest } from "../descriptor.ts";
import { tarArchive } from "../tar-archive.ts";
import { startRegistry, type Registry, type RegistryOptions } from "./start-registry.ts";
import { byteGate } from "./byte-gate.ts";
import type { Fault } from "./fault.ts";

const layer = layerBlob(tarArchive([{ name: "f", content: "hello" }]), "none");
const hello = image([layer]);
const arm = image([layer], { architecture: "arm64" });
const both = imageIndex([{ image: hello, platform: { architecture: "amd64", os: "linux" } }, { image: arm }]);
const blobPath = `/v2/lib/hello/blobs/${layer.descriptor.digest}`;

let registry: Registry | undefined;
afterEach(async () => {
  await registry?.close();
});

async function start(options: RegistryOptions = {}): Promise<Registry> {
  registry = await startRegistry({ images: { "lib/hello:1": hello, "lib/hello:both": both }, ...options });
  return registry;
}

async function bytes(response: Response): Promise<Buffer> {
  return Buffer.from(await response.arrayBuffer());
}

async function blobWith(fault: Fault, headers: Record<string, string> = {}): Promise<Response> {
  const { host } = await start({ fault: ({ attempt }) => (attempt === 1 ? fault : undefined) });
  return await fetch(`http://${host}${blobPath}`, { headers });
}

describe("what is served", () => {
  test("a manifest by tag and by digest, under its own media type and digest", async () => {
    const { host } = await start();
    for (const reference of ["1", hello.manifestDescriptor.digest]) {
      const response = await fetch(`http://${host}/v2/lib/hello/manifests/${reference}`);
      expect(response.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
      expect(response.headers.get("docker-content-digest")).toBe(sha256Digest(await bytes(response)));
    }
  });

  test("HEAD tells the length and sends nothing", async () => {
    const { host } = await start();
    const response = await fetch(`http://${host}${blobPath}`, { method: "HEAD" });
    expect(response.headers.get("content-length")).toBe(String(layer.bytes.length));
    expect(await bytes(response)).toHaveLength(0);
  });

  test("an index and every image it names", async () => {
    const { host } = await start();
    for (const reference of ["both", arm.manifestDescriptor.digest])
      expect((await fetch(`http://${host}/v2/lib/hello/manifests/${reference}`)).status).toBe(200);
    expect((await fetch(`http://${host}/v2/lib/hello/blobs/${arm.configDescriptor.digest}`)).status).toBe(
      200,
    );
  });

  test.for([
    ["bytes=0-9", 0, 10],
    ["bytes=10-", 10, undefined],
    ["bytes=-7", -7, undefined],
  ] as const)("a range of a blob: %s", async ([range, start_, end]) => {
    const { host } = await start();
    const response = await fetch(`http://${host}${blobPath}`, { headers: { range } });
    expect(response.status).toBe(206);
    expect(await bytes(response)).toEqual(layer.bytes.subarray(start_, end));
  });

  test("a range beyond the end is a 416", async () => {
    const { host } = await start();
    const range = `bytes=${layer.bytes.length}-`;
    expect((await fetch(`http://${host}${blobPath}`, { headers: { range } })).status).toBe(416);
  });

  test("what is not there is a 404 with an error code", async () => {
    const { host } = await start();
    const response = await fetch(`http://${host}/v2/lib/hello/manifests/2`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ errors: [{ code: "MANIFEST_UNKNOWN" }] });
  });

  test("a tag moved while the registry runs, and the old image by its digest", async () => {
    const { host, tag } = await start();
    tag("lib/hello:1", arm);
    const response = await fetch(`http://${host}/v2/lib/hello/manifests/1`);
    expect(response.headers.get("docker-content-digest")).toBe(arm.manifestDescriptor.digest);
    expect(
      (await fetch(`http://${host}/v2/lib/hello/manifests/${hello.manifestDescriptor.digest}`)).status,
    ).toBe(200);
  });
});

describe("who is let in", () => {
  const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;

  test("basic: only with user and password", async () => {
    const { host } = await start({ auth: { kind: "basic", user: "me", password: "secret" } });
    const refused = await fetch(`http://${host}${blobPath}`);
    expect([refused.status, refused.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="fixture"']);
    expect((await fetch(`http://${host}${blobPath}`, { headers: { authorization } })).status).toBe(200);
  });

  test("bearer: only with a token for this repository, which user and password buy", async () => {
    const { host, requests } = await start({ auth: { kind: "bearer", user: "me", password: "secret" } });
    const refused = await fetch(`http://${host}${blobPath}`);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer realm="http://${host}/token",service="${host}",scope="repository:lib/hello:pull"`,
    );
    async function statusWithTokenFor(scope: string): Promise<number> {
      const answer = await fetch(`http://${host}/token?scope=${scope}`, { headers: { authorization } });
      const { token } = (await answer.json()) as { token: string };
      return (await fetch(`http://${host}${blobPath}`, { headers: { authorization: `Bearer ${token}` } }))
        .status;
    }
    expect((await fetch(`http://${host}/token?scope=repository:lib/hello:pull`)).status).toBe(401);
    expect(await statusWithTokenFor("repository:lib/other:pull")).toBe(401);
    expect(await statusWithTokenFor("repository:lib/hello:pull")).toBe(200);
    expect(requests.map(({ path, attempt }) => `${path.split("?")[0]} ${attempt}`)).toContain(
      `${blobPath} 3`,
    );
  });
});

describe("what goes wrong", () => {
  test("drop: the connection breaks after so many bytes", async () => {
    const response = await blobWith({ kind: "drop", afterBytes: 100 });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(100);
    await expect(reader?.read()).rejects.toThrow("terminated");
  });

  test("stall: nothing comes after so many bytes", async () => {
    const response = await blobWith({ kind: "stall", afterBytes: 100 });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.value).toHaveLength(100);
    const more = reader?.read().then(
      () => "more bytes",
      () => "cut by closing",
    );
    await registry?.close();
    expect(await more).toBe("cut by closing");
  });

  test("gated: the headers at once, then as many bytes as the gate lets go", async () => {
    const gate = byteGate();
    const response = await blobWith({ kind: "gated", gate });
    expect(response.headers.get("content-length")).toBe(String(layer.bytes.length));
    const reader = response.body?.getReader();
    gate.release(100);
    expect((await reader?.read())?.value).toEqual(new Uint8Array(layer.bytes.subarray(0, 100)));
    gate.open();
    const rest: Uint8Array[] = [];
    for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read())
      rest.push(read.value);
    expect(Buffer.concat(rest)).toEqual(layer.bytes.subarray(100));
  });

  test("truncate: the body is shorter and says so", async () => {
    expect(await bytes(await blobWith({ kind: "truncate", afterBytes: 100 }))).toHaveLength(100);
  });

  test("corrupt: one byte is wrong", async () => {
    const body = await bytes(await blobWith({ kind: "corrupt", atByte: 7 }));
    expect([...body.entries()].filter(([index, byte]) => byte !== layer.bytes[index])).toHaveLength(1);
    expect(body).toHaveLength(layer.bytes.length);
  });

  test("ignore-range: a 200 with everything", async () => {
    const response = await blobWith({ kind: "ignore-range" }, { range: "bytes=5-" });
    expect([response.status, (await bytes(response)).length]).toEqual([200, layer.bytes.length]);
  });

  test("redirect: the blob comes from another port, which sees what it was sent", async () => {
    const response = await blobWith({ kind: "redirect" }, { authorization: "Bearer x", range: "bytes=1-2" });
    expect(await bytes(response)).toEqual(layer.bytes.subarray(1, 3));
    expect(registry?.requests.map(({ server, headers }) => [server, headers.authorization])).toEqual([
      ["registry", "Bearer x"],
      ["blob-host", undefined],
    ]);
  });

  test("status: any answer, once", async () => {
    const response = await blobWith({
      kind: "status",
      status: 503,
      headers: { "retry-after": "1" },
      body: "busy",
    });
    expect([response.status, response.headers.get("retry-after"), await response.text()]).toEqual([
      503,
      "1",
      "busy",
    ]);
    expect((await fetch(response.url)).status).toBe(200);
  });
});
