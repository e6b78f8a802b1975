import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseDigest } from "@bootlayer/image-spec";
import type { Registry, RegistryOptions } from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  fetchBlob,
  fetchManifest,
  parseReference,
  registrySettings,
  type Credentials,
  type RegistryClientOptions,
} from "../src/index.ts";
import { collect, connect, layer, serve, small } from "./loopback.ts";

const { signal } = new AbortController();
const password: Credentials = { kind: "password", username: "u", password: "hunter2" };
const digest = small.manifestDescriptor.digest;

interface Files {
  readonly [path: string]: string;
}

/** Settings of a machine that has these files in /etc and in the user's home, and nothing else. */
async function machine(files: Files, env: Record<string, string> = {}) {
  const root = await mkdtemp(join(tmpdir(), "bootlayer-machine-"));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return registrySettings({ env, home: join(root, "home"), systemDirectory: join(root, "etc") });
}

/** A registry with a mirror that `hosts.toml` names. */
async function mirrored({
  origin: originOptions = {},
  mirror: mirrorOptions = {},
  lines = "",
  files = {},
  client: clientOptions = {},
}: {
  readonly origin?: RegistryOptions;
  readonly mirror?: RegistryOptions;
  readonly lines?: string;
  readonly files?: Files;
  readonly client?: RegistryClientOptions;
}) {
  const origin = await serve(originOptions);
  const mirror = await serve(mirrorOptions);
  const hosts = `[host."http://${mirror.host}"]\n${lines}\n`;
  const settings = await machine({ [`etc/containerd/certs.d/${origin.host}/hosts.toml`]: hosts, ...files });
  const observed = connect({ ...settings, ...clientOptions });
  const reference = parseReference(`${origin.host}/test`);
  return { origin, mirror, reference, ...observed };
}

function asked({ requests }: Registry): string[] {
  return requests.map(({ path }) => path.replace(/\?.*/, "").replace(/^.*\//, ""));
}

const blob = { ...layer.descriptor, digest: parseDigest(layer.descriptor.digest) };

const corrupting: RegistryOptions = { fault: () => ({ kind: "corrupt", atByte: 5 }) };

function blocking(host: string): string {
  return `[[registry]]\nlocation = "${host}"\nblocked = true\n`;
}

describe("by default a mirror", () => {
  test("gives what a digest names, and the registry itself what a tag means", async () => {
    const { origin, mirror, client, reference, events } = await mirrored({});
    await fetchManifest(client, reference, signal);
    await fetchManifest(client, parseReference(`${origin.host}/test@${digest}`), signal);
    await collect(fetchBlob(client, reference, blob, { signal }));
    expect(asked(origin)).toEqual(["latest"]);
    expect(asked(mirror)).toEqual([digest, layer.descriptor.digest]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "registry-served", host: mirror.host, isMirror: true }),
    );
  });

  test("is told which registry is meant", async () => {
    const { mirror, client, origin } = await mirrored({});
    await fetchManifest(client, parseReference(`${origin.host}/test@${digest}`), signal);
    expect(mirror.requests[0]?.path).toContain(`?ns=${encodeURIComponent(origin.host)}`);
  });
});

test("a mirror that may resolve is asked for tags", async () => {
  const { origin, mirror, client, reference } = await mirrored({
    lines: 'capabilities = ["pull", "resolve"]',
  });
  await fetchManifest(client, reference, signal);
  expect([asked(origin), asked(mirror)]).toEqual([[], ["latest"]]);
});

test("headers of a mirror go to it alone, also where it redirects", async () => {
  const origin = await serve();
  const mirror = await serve({ fault: () => ({ kind: "redirect" }) });
  const settings = await machine({
    [`etc/containerd/certs.d/${origin.host}/hosts.toml`]: `[host."http://${mirror.host}"]\n[host."http://${mirror.host}".header]\nx-key = "hunter2"\n`,
  });
  const reference = parseReference(`${origin.host}/test`);
  await collect(fetchBlob(connect(settings).client, reference, blob, { signal }));
  expect(mirror.requests.map(({ server, headers }) => [server, headers["x-key"]])).toEqual([
    ["registry", "hunter2"],
    ["blob-host", undefined],
  ]);
});

describe("a mirror is passed over that", () => {
  test.each([
    ["does not have it", { images: {} }],
    ["fails", { fault: () => ({ kind: "status", status: 500 }) }],
    ["is in the way of its quota", { fault: () => ({ kind: "status", status: 429 }) }],
    ["wants a login", { auth: { kind: "basic", user: "x", password: "y" } }],
    ["breaks off", { fault: () => ({ kind: "drop", afterBytes: 1000 }) }],
    ["sends less", { fault: () => ({ kind: "truncate", afterBytes: 1000 }) }],
    ["sends a page instead", { fault: () => ({ kind: "status", status: 200, body: "<html>" }) }],
    ["redirects in a circle", { fault: () => ({ kind: "status", status: 307, headers: { location: "." } }) }],
  ] as const satisfies readonly (readonly [string, RegistryOptions])[])("%s", async (_, mirrorOptions) => {
    const { client, mirror, reference, events, pauses } = await mirrored({ mirror: mirrorOptions });
    const bytes = await collect(fetchBlob(client, reference, blob, { signal }));
    expect(bytes.equals(layer.bytes)).toBe(true);
    expect(mirror.requests.length).toBeGreaterThan(0);
    expect(events).toContainEqual(expect.objectContaining({ kind: "mirror-failed", host: mirror.host }));
    expect(pauses).toEqual([]);
  });

  test("is not there", async () => {
    const { client, mirror, reference, events } = await mirrored({});
    await mirror.close();
    await collect(fetchBlob(client, reference, blob, { signal }));
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "mirror-failed", code: "REGISTRY_UNREACHABLE" }),
    );
  });

  test("sends a manifest of another digest", async () => {
    const { client, origin } = await mirrored({ mirror: corrupting });
    const fetched = await fetchManifest(client, parseReference(`${origin.host}/test@${digest}`), signal);
    expect(fetched.descriptor.digest).toBe(digest);
  });
});

test("a mirror that sent wrong bytes of a blob is found out, and not asked for it again", async () => {
  const { client, mirror, reference } = await mirrored({ mirror: corrupting });
  await collect(fetchBlob(client, reference, blob, { signal }));
  const again = await collect(fetchBlob(client, reference, blob, { signal }));
  expect(createHash("sha256").update(again).digest("hex")).toBe(layer.descriptor.digest.slice(7));
  expect(mirror.requests).toHaveLength(1);
});

test("a mirror that failed is left alone for a while", async () => {
  const { client, mirror, reference } = await mirrored({
    mirror: { fault: () => ({ kind: "status", status: 503 }) },
  });
  for (const { digest: name, size } of [layer.descriptor, small.configDescriptor])
    await collect(fetchBlob(client, reference, { digest: parseDigest(name), size }, { signal }));
  expect(mirror.requests).toHaveLength(1);
});

describe("credentials", () => {
  const account = { kind: "basic", user: "u", password: "hunter2" } as const;

  test("of the registry never go to a mirror, whoever gave them", async () => {
    const { client, origin, mirror, reference } = await mirrored({
      origin: { auth: account },
      mirror: { auth: account },
      client: { credentials: async () => password },
    });
    await collect(fetchBlob(client, reference, blob, { signal }));
    expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    expect(origin.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  });

  test("of a mirror are those that the files have for its own host", async () => {
    const mirror = await serve({ auth: account });
    const origin = await serve();
    const auth = Buffer.from("u:hunter2").toString("base64");
    const settings = await machine({
      [`etc/containerd/certs.d/${origin.host}/hosts.toml`]: `[host."http://${mirror.host}"]\n`,
      "home/.docker/config.json": JSON.stringify({ auths: { [mirror.host]: { auth } } }),
    });
    const { client } = connect(settings);
    const reference = parseReference(`${origin.host}/test`);
    await collect(fetchBlob(client, reference, blob, { signal }));
    expect(mirror.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
    expect(origin.requests).toEqual([]);
  });
});

describe("registries.conf", () => {
  test("sends to mirrors, and to where the registry has moved", async () => {
    const [mirror, moved] = [
      await serve({ images: {} }),
      await serve({ images: { "new/test:latest": small } }),
    ];
    const conf = `
      [[registry]]
      prefix = "r.example"
      location = "${moved.host}/new"
      insecure = true
      [[registry.mirror]]
      location = "${mirror.host}"
      insecure = true
    `;
    const { client } = connect(await machine({ "etc/containers/registries.conf": conf }));
    const fetched = await fetchManifest(client, parseReference(`r.example/test@${digest}`), signal);
    expect(fetched.descriptor.digest).toBe(digest);
    expect(mirror.requests.map(({ path }) => path)).toEqual([`/v2/test/manifests/${digest}`]);
    expect(moved.requests.map(({ path }) => path)).toEqual([`/v2/new/test/manifests/${digest}`]);
  });

  test("of the user stands instead of the machine's", async () => {
    const origin = await serve();
    const files = {
      "etc/containers/registries.conf": blocking(origin.host),
      "home/.config/containers/registries.conf": blocking("other.example"),
    };
    const { client } = connect(await machine(files));
    await fetchManifest(client, parseReference(`${origin.host}/test`), signal);
    await expect(fetchManifest(client, parseReference("other.example/x"), signal)).rejects.toMatchObject({
      code: "REGISTRY_BLOCKED",
    });
  });

  test("blocks what hosts.toml would allow", async () => {
    const [origin, mirror] = [await serve(), await serve()];
    const settings = await machine({
      [`etc/containerd/certs.d/${origin.host}/hosts.toml`]: `[host."http://${mirror.host}"]\n`,
      "etc/containers/registries.conf.d/1.conf": blocking(origin.host),
    });
    const reference = parseReference(`${origin.host}/test@${digest}`);
    await expect(fetchManifest(connect(settings).client, reference, signal)).rejects.toMatchObject({
      code: "REGISTRY_BLOCKED",
    });
  });
});

test("_default is for registries that have no file of their own", async () => {
  const [origin, mirror] = [await serve(), await serve()];
  const settings = await machine({
    "etc/containerd/certs.d/_default/hosts.toml": `[host."http://${mirror.host}"]\n`,
    "etc/containerd/certs.d/other.example/hosts.toml": "",
  });
  const { client } = connect(settings);
  await fetchManifest(client, parseReference(`${origin.host}/test@${digest}`), signal);
  expect([asked(origin), asked(mirror)]).toEqual([[], [digest]]);
});

test.each(["HOST:PORT", "HOST_PORT_"])("a directory may be called %s", async (form) => {
  const [origin, mirror] = [await serve(), await serve()];
  const [host = "", port = ""] = origin.host.split(":");
  const name = form.replace("HOST", host).replace("PORT", port);
  const settings = await machine({
    [`etc/containerd/certs.d/${name}/hosts.toml`]: `[host."http://${mirror.host}"]\n`,
  });
  await fetchManifest(connect(settings).client, parseReference(`${origin.host}/test@${digest}`), signal);
  expect(asked(mirror)).toEqual([digest]);
});
