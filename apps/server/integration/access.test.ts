import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { image, layerBlob, startRegistry, tarArchive, type Registry } from "@bootlayer/test-fixtures";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAddressGuard } from "../src/access/address-guard.ts";
import { registryAuthHeader } from "../src/access/request-credentials.ts";
import type { Scope } from "../src/access/scopes.ts";
import { createToken } from "../src/access/tokens.ts";
import { openDiskRoom } from "../src/disk-room.ts";
import { startWorker, type BuildWorker } from "../src/queue/build-worker.ts";
import { workerDefaults } from "../src/queue/worker-context.ts";
import type { ServerContext } from "../src/server-context.ts";
import { startTestServer, type TestServer } from "./test-server.ts";
import { testSettings } from "./test-settings.ts";

const user = "marked-user";
const password = "marked-password-0123456789";
const app = image([layerBlob(tarArchive([{ name: "file", content: "content" }]))]);
const second = image([layerBlob(tarArchive([{ name: "file", content: "other content" }]))]);

/** A server with tokens and a worker; sources may be on loopback, where the tests' registries are, if `privateSources`. */
let server: TestServer;
let worker: BuildWorker;
let registry: Registry;
const secrets = new Map<string, string>();
let privateSources = true;
let room = Number.MAX_SAFE_INTEGER;

beforeAll(async () => {
  const strict = createAddressGuard({ privateSources: false });
  const lenient = createAddressGuard({ privateSources: true });
  const egress: ServerContext["egress"] = (...asked) => (privateSources ? lenient : strict)(...asked);
  const settings = testSettings("/", { access: { tokens: true, privateSources: false } });
  server = await startTestServer(
    { access: settings.access },
    {
      egress,
      room: openDiskRoom(settings, { measure: () => Promise.resolve(room), watchMilliseconds: 5 }),
    },
  );
  const log = {
    debug: note,
    info: note,
    warn: note,
    error: note,
  };
  worker = await startWorker({ ...workerDefaults, ...server.context, log });
  for (const [name, scopes] of [
    ["ci", ["read", "build"]],
    ["other", ["read", "build"]],
    ["reader", ["read"]],
    ["admin", ["admin"]],
  ] satisfies [string, Scope[]][])
    secrets.set(name, (await createToken(server.context.database.db, { name, scopes })).secret);
});
afterAll(async () => {
  await worker.drain(AbortSignal.timeout(5000));
  await server.close();
});
beforeEach(async () => {
  privateSources = true;
  room = Number.MAX_SAFE_INTEGER;
  registry = await startRegistry({
    images: { "app:1": app, "app:2": second },
    auth: { kind: "basic", user, password },
  });
});
afterEach(async () => registry.close());

/** What the worker writes to the log, and everything that was answered. */
const told: string[] = [];
function note(...words: unknown[]): void {
  told.push(
    JSON.stringify(words, (_, value: unknown) => (value instanceof Error ? String(value.stack) : value)),
  );
}

interface Answer {
  readonly status: number;
  readonly body: {
    readonly id?: string;
    readonly code?: string;
    readonly state?: string;
    readonly problem?: { readonly code: string };
  };
}

async function ask(path: string, init: RequestInit = {}, token = "ci"): Promise<Answer> {
  const headers = {
    authorization: `Bearer ${secrets.get(token)}`,
    ...(init.headers as Record<string, string>),
  };
  const response = await fetch(`${server.url}${path}`, { ...init, headers });
  const text = await response.text();
  told.push(text, JSON.stringify([...response.headers]));
  return { status: response.status, body: text === "" ? {} : (JSON.parse(text) as Answer["body"]) };
}

function authHeader(login: object): Record<string, string> {
  return { [registryAuthHeader]: Buffer.from(JSON.stringify(login)).toString("base64url") };
}
const good = authHeader({ username: user, password });
const wrong = authHeader({ username: user, password: "marked-wrong" });

async function build(
  source: string,
  credentials: Record<string, string> = {},
  token?: string,
): Promise<Answer> {
  const headers = { "content-type": "application/json", ...credentials };
  return ask("/v1/builds", { method: "POST", headers, body: JSON.stringify({ source }) }, token);
}

/** The build, once it has ended. */
async function ended(id = ""): Promise<Answer["body"]> {
  await fetch(`${server.url}/v1/builds/${id}/events`, {
    headers: { authorization: `Bearer ${secrets.get("ci")}` },
  }).then(async (response) => told.push(await response.text()));
  return (await ask(`/v1/builds/${id}`)).body;
}

function forms(): string[] {
  const pair = `${user}:${password}`;
  const headers = [...Object.values(good), ...Object.values(wrong)];
  return [password, "marked-wrong", "marked-password", Buffer.from(pair).toString("base64"), ...headers];
}

describe("registry credentials of a request", () => {
  test("make a build that no database, file, log, event or answer has them of", async () => {
    const { status, body } = await build(`${registry.host}/app:1`, good);
    expect(status).toBe(202);
    expect(await ended(body.id)).toMatchObject({ state: "ready" });
    const refused = await build(`${registry.host}/app:other`, wrong);
    expect(await ended(refused.body.id)).toMatchObject({ problem: { code: "REGISTRY_UNAUTHORIZED" } });
    expect((await build(`${registry.host}/app:1`, { [registryAuthHeader]: "marked-password" })).status).toBe(
      400,
    );
    expect(server.context.credentials.size).toBe(0);
    await server.context.database.db.selectFrom("builds").selectAll().execute().then(note);
    const everything = [...told, ...server.log].join("\n");
    // What is searched is there to be found.
    expect(everything).toContain(registry.host);
    for (const form of forms()) expect(everything).not.toContain(form);
    expect(await filesWith(server.context.settings.store, forms())).toEqual([]);
  });

  test("are asked again for a disk that is there: with others, and with none, it is refused", async () => {
    const { body } = await build(`${registry.host}/app:1`, good);
    await ended(body.id);
    expect(await build(`${registry.host}/app:1`, good)).toMatchObject({ status: 200, body: { id: body.id } });
    for (const credentials of [wrong, {}])
      expect(await build(`${registry.host}/app:1`, credentials)).toMatchObject({
        status: 403,
        body: { code: "REGISTRY_UNAUTHORIZED" },
      });
  });

  test("are not lent to an equal request that brings none while the build is under way", async () => {
    const first = await build(`${registry.host}/app:1`, good);
    const joining = await build(`${registry.host}/app:1`);
    expect(joining.body.id).not.toBe(first.body.id);
    expect(await ended(joining.body.id)).toMatchObject({ problem: { code: "REGISTRY_UNAUTHORIZED" } });
    expect(await ended(first.body.id)).toMatchObject({ state: "ready" });
  });
});

async function filesWith(directory: string, texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  expect(entries.length).toBeGreaterThan(100);
  const found: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch(() => Buffer.alloc(0));
    if (texts.some((text) => bytes.includes(text))) found.push(path);
  }
  return found;
}

describe("where a source may be", () => {
  test.each([
    "oci:/etc",
    "oci-archive:/etc/passwd",
    "docker-archive:/etc/passwd",
    "docker-daemon:alpine",
    "rootfs:/",
    "tar:/etc/passwd",
    "tar:-",
    "-",
  ])("%s is the server's machine: SOURCE_FORBIDDEN", async (source) => {
    expect(await build(source)).toMatchObject({ status: 403, body: { code: "SOURCE_FORBIDDEN" } });
  });

  test.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])(
    "a registry at %s is the server's own network: it gets no connection",
    async (name) => {
      privateSources = false;
      const { body } = await build(`${name}:${registry.host.split(":")[1]}/app:1`);
      expect(await ended(body.id)).toMatchObject({ problem: { code: "REGISTRY_ADDRESS_REFUSED" } });
      expect(registry.requests).toEqual([]);
    },
  );
});

describe("what a token may do", () => {
  test("who may only read asks for no build, and learns nothing of the source", async () => {
    expect(await build("oci:/etc", {}, "reader")).toMatchObject({
      status: 403,
      body: { code: "TOKEN_REFUSED" },
    });
    expect(registry.requests).toEqual([]);
  });

  test("a build is ended and removed by its own token or an admin's, and by no other", async () => {
    const { body } = await build(`${registry.host}/app:none`, good);
    await ended(body.id);
    const path = `/v1/builds/${body.id}`;
    for (const [method, at] of [
      ["DELETE", path],
      ["POST", `${path}/cancel`],
    ] as const)
      expect(await ask(at, { method }, "other")).toMatchObject({
        status: 403,
        body: { code: "TOKEN_REFUSED" },
      });
    expect((await ask(path, { method: "DELETE" }, "admin")).status).toBe(204);
    const mine = await build(`${registry.host}/app:none`, good);
    await ended(mine.body.id);
    expect((await ask(`/v1/builds/${mine.body.id}`, { method: "DELETE" })).status).toBe(204);
  });
});

describe("a disk that is full", () => {
  test("takes no new build: 507 at once", async () => {
    room = 0;
    expect(await build(`${registry.host}/app:1`, good)).toMatchObject({
      status: 507,
      body: { code: "QUOTA_DISK" },
    });
    expect(server.context.credentials.size).toBe(0);
    expect(registry.requests).toEqual([]);
  });

  test("has no room to push a disk from: 507, and nothing is sent", async () => {
    const { body } = await build(`${registry.host}/app:1`, good);
    expect(await ended(body.id)).toMatchObject({ state: "ready" });
    room = 1;
    const push = await ask(`/v1/builds/${body.id}/push`, { method: "POST", headers: good });
    expect(push).toMatchObject({ status: 507, body: { code: "QUOTA_DISK" } });
    expect(registry.requests.filter(({ method }) => method !== "GET" && method !== "HEAD")).toEqual([]);
  });

  test("fails a build by the sizes of its layers, before one is pulled", async () => {
    room = 10;
    const { body } = await build(`${registry.host}/app:2`, good);
    expect(await ended(body.id)).toMatchObject({ problem: { code: "QUOTA_DISK" } });
    const layer = second.layers[0]?.descriptor.digest ?? "";
    expect(registry.requests.map(({ path }) => path)).not.toContain(`/v2/app/blobs/${layer}`);
  });
});
