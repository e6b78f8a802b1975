import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeDisk, diskArtifactType, pushDisk, pushImage } from "@bootlayer/image-builder";
import { parseDigest } from "@bootlayer/image-spec";
import {
  image,
  layerBlob,
  requireJudge,
  startDockerRegistry,
  tarArchive,
  writeLayout,
  type DockerRegistry,
} from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { createToken } from "../src/access/tokens.ts";
import type { BuildAnswer } from "../src/http/build-answer.ts";
import { startServer, type RunningServer } from "../src/server.ts";
import type { ServerSettings } from "../src/settings.ts";
import { openContract, type Contract } from "./contract.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { startTestServer } from "./test-server.ts";
import { testSettings } from "./test-settings.ts";

const judge = requireJudge("docker-registry");
const app = image(
  [
    layerBlob(
      tarArchive([
        { name: "app", mode: 0o755, content: "#!/app\n" },
        { name: "data", content: randomBytes(3 * 2 ** 20) },
      ]),
      "gzip",
    ),
  ],
  { config: { Cmd: ["/app"] } },
);
const subject = app.manifestDescriptor;

let directory: string;
let open: DockerRegistry;
let closed: DockerRegistry;
/** Builds and pushes; trusts no disk, and has a login of the closed registry. */
let maker: RunningServer;
/** Trusts what is in `disks` of the open registry. */
let fetching: RunningServer;
let contract: Contract;
let repository: string;
let count = 0;

async function start(name: string, overrides: Partial<ServerSettings>): Promise<RunningServer> {
  const store = await withEmptyDatabase(join(directory, name));
  return await startServer(testSettings(store, overrides));
}

async function ask(
  server: Pick<RunningServer, "url">,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await contract.read(method, path, response);
  return { status: response.status, body: JSON.parse(text) as Record<string, unknown> };
}

/** Asks for a disk, of a key that no other test has, and waits for its end. */
async function build(
  server: RunningServer,
  more: object = {},
  headers: Record<string, string> = {},
): Promise<BuildAnswer> {
  const request = {
    source: `${repository}:1`,
    platform: "linux/amd64",
    sourceDateEpoch: count,
    ...more,
  };
  const { body } = await ask(server, "POST", "/v1/builds", request, headers);
  return await vi.waitFor(
    async () => {
      const found = (await ask(server, "GET", `/v1/builds/${String(body["id"])}`))
        .body as unknown as BuildAnswer;
      expect(found.state).toMatch(/^(ready|failed)$/);
      expect(found.problem).toBeUndefined();
      return found;
    },
    { timeout: 60_000, interval: 100 },
  );
}

async function download(server: RunningServer, { id }: BuildAnswer): Promise<Buffer> {
  const response = await fetch(new URL(`/v1/builds/${id}/image`, server.url));
  return Buffer.from(await response.arrayBuffer());
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** The image, in a repository. */
async function give(name: string, login?: { username: string; password: string }): Promise<void> {
  repository = name;
  const source = `oci:${join(directory, "layout")}:app`;
  const credentials = async () => login && { kind: "password" as const, ...login };
  await pushImage(
    { source, target: `${name}:1` },
    { store: join(directory, "pusher"), registries: { credentials } },
  );
}

/** How often the fetching server has seen a fetch come out so. */
async function outcomes(outcome: "fetched" | "failed"): Promise<number> {
  const figures = await (await fetch(new URL("/metrics", fetching.url))).text();
  const found = new RegExp(`^bootlayer_disks_fetched_total\\{outcome="${outcome}"\\} (\\d+)$`, "m").exec(
    figures,
  );
  return Number(found?.[1] ?? 0);
}

async function push(made: BuildAnswer, body?: object, headers = {}) {
  return await ask(maker, "POST", `/v1/builds/${made.id}/push`, body, headers);
}

/** A disk that the registry lists under the build's key, and whose config lies. */
async function pushForged(made: BuildAnswer, disk: Buffer, lies: object): Promise<void> {
  const path = join(directory, "forged");
  await writeFile(path, disk);
  const key = made.buildKey ?? "";
  const honest = describeDisk({
    key,
    format: "ext4",
    bytes: disk.length,
    manifest: { ...subject, digest: parseDigest(subject.digest) },
    platform: { os: "linux", architecture: "amd64" },
    warnings: [],
    guest: undefined,
  });
  const { digest } = await pushDisk(
    { disk: path, description: honest, target: repository },
    { store: join(directory, "pusher") },
  );
  const [name] = repository.split("/").slice(1).join("/").split("@");
  const url = `http://${open.host}/v2/${name}`;
  const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
  const manifest = (await (await fetch(`${url}/manifests/${digest}`, { headers: accept })).json()) as {
    config: { digest: string; size: number };
  };
  const blob = `${url}/blobs/${manifest.config.digest}`;
  const config = (await (await fetch(blob)).json()) as object;
  const forged = Buffer.from(JSON.stringify({ ...config, ...lies }));
  const started = await fetch(`${url}/blobs/uploads/`, { method: "POST" });
  const place = new URL(started.headers.get("location") ?? "", url);
  place.searchParams.set("digest", `sha256:${sha256(forged)}`);
  expect((await fetch(place, { method: "PUT", body: forged })).status).toBe(201);
  const bytes = JSON.stringify({
    ...manifest,
    config: { ...manifest.config, digest: `sha256:${sha256(forged)}`, size: forged.length },
  });
  const forgedDigest = `sha256:${sha256(Buffer.from(bytes))}`;
  const type = { "content-type": accept.accept };
  const put = { method: "PUT", headers: type, body: bytes };
  expect((await fetch(`${url}/manifests/${forgedDigest}`, put)).status).toBe(201);
  // Debian's registry lists no referrers: their list is a tag (distribution-spec, "Referrers Tag Schema").
  const tag = `${url}/manifests/${subject.digest.replace(":", "-")}`;
  const index = (await (
    await fetch(tag, { headers: { accept: "application/vnd.oci.image.index.v1+json" } })
  ).json()) as { manifests: { digest: string; size: number; artifactType: string }[] };
  expect(index.manifests).toMatchObject([{ digest, artifactType: diskArtifactType }]);
  const manifests = index.manifests.map((entry) => ({
    ...entry,
    digest: forgedDigest,
    size: Buffer.byteLength(bytes),
  }));
  const listed = await fetch(tag, {
    method: "PUT",
    headers: { "content-type": "application/vnd.oci.image.index.v1+json" },
    body: JSON.stringify({ ...index, manifests }),
  });
  expect(listed.status).toBe(201);
}

describe.skipIf(judge.skip)(`disks in Debian's docker-registry${judge.reason}`, () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "bootlayer-server-disks-"));
    contract = await openContract();
    open = await startDockerRegistry();
    closed = await startDockerRegistry({ auth: true });
    await writeLayout(join(directory, "layout"), { app });
    const { user: username = "", password = "" } = closed.account ?? {};
    maker = await start("maker", {
      registries: {
        credentials: async (registry) =>
          registry === closed.host ? { kind: "password", username, password } : undefined,
      },
    });
    fetching = await start("fetching", { fetchDisks: [`${open.host}/disks`, closed.host] });
  });
  afterAll(async () => {
    await maker.close();
    await fetching.close();
    await open.close();
    await closed.close();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await give(`${open.host}/disks/test${++count}`);
  });

  test("a disk that one server pushes another fetches in place of building it, with the same bytes", async () => {
    const options = { size: "+32MiB", guest: { hostname: "pushed" } };
    const made = await build(maker, options);
    expect(made.report).toMatchObject({ fetched: false });
    const pushed = await push(made);
    expect(pushed).toMatchObject({
      status: 201,
      body: {
        reference: `${repository}@${String(pushed.body["digest"])}`,
        subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
      },
    });

    const fetched = await build(fetching, options);
    expect(fetched).toMatchObject({ buildKey: made.buildKey, manifestDigest: subject.digest });
    expect(fetched.report).toMatchObject({
      fetched: true,
      cached: false,
      sha256: made.report?.sha256,
      bytes: made.report?.bytes,
      platform: "linux/amd64",
      guest: { initSystem: "bootlayer", kernelArguments: made.report?.guest?.kernelArguments },
    });
    expect(fetched.report?.stages?.map(({ stage }) => stage)).not.toContain("flatten");
    const disk = await download(fetching, fetched);
    expect(sha256(disk)).toBe(made.report?.sha256);
    expect(await outcomes("fetched")).toBe(1);
    // What was fetched can be pushed on: it is the same disk.
    const again = await ask(fetching, "POST", `/v1/builds/${fetched.id}/push`, {
      reference: `${open.host}/other/place:disk`,
    });
    expect(again).toMatchObject({ status: 201, body: { reference: `${open.host}/other/place:disk` } });
  });

  test("where others can push than those that the server trusts, it builds", async () => {
    await give(`${open.host}/disks2/test${count}`);
    const made = await build(maker);
    expect((await push(made)).status).toBe(201);
    const built = await build(fetching);
    expect(built.report).toMatchObject({ fetched: false, sha256: made.report?.sha256 });
  });

  test("where there is no disk of these options, it is built", async () => {
    await push(await build(maker, { size: "+32MiB" }));
    const built = await build(fetching);
    expect(built.report).toMatchObject({ fetched: false });
    expect(built.report?.stages?.map(({ stage }) => stage)).toContain("flatten");
  });

  test.each<readonly [string, (honest: Buffer) => { disk: Buffer; key?: string; sha256?: string }]>([
    ["whose bytes are not those of its description", (disk) => ({ disk, sha256: "0".repeat(64) })],
    ["that is listed by another key than its own", (disk) => ({ disk, key: "a".repeat(64) })],
  ])("a forged disk, %s, is refused, and the disk is built", async (_, forge) => {
    const made = await build(maker);
    const { disk, ...lies } = forge(await download(maker, made));
    await pushForged(made, disk, lies);
    const before = await outcomes("failed");
    const built = await build(fetching);
    expect(built.report).toMatchObject({ fetched: false, sha256: made.report?.sha256 });
    expect(sha256(await download(fetching, built))).toBe(made.report?.sha256);
    expect(await outcomes("failed")).toBe(before + 1);
  });

  test("with the server's own login a disk goes beside its image, and nowhere that a client names", async () => {
    const { user: username = "", password = "" } = closed.account ?? {};
    const login = { username, password };
    await give(`${closed.host}/team/app`, login);
    const made = await build(maker);
    const beside = await push(made);
    expect(beside).toMatchObject({
      status: 201,
      body: { reference: `${repository}@${String(beside.body["digest"])}` },
    });
    const body = { reference: `${repository}:disk` };
    expect(await push(made, body)).toMatchObject({
      status: 403,
      body: { code: "REGISTRY_UNAUTHORIZED" },
    });
    const header = Buffer.from(JSON.stringify(login)).toString("base64url");
    expect(await push(made, body, { "x-registry-auth": header })).toMatchObject({ status: 201, body });
  });

  test("a disk is fetched with the credentials of the request", async () => {
    const { user: username = "", password = "" } = closed.account ?? {};
    const login = { username, password };
    await give(`${closed.host}/team/fetched`, login);
    const made = await build(maker);
    expect((await push(made)).status).toBe(201);
    const header = Buffer.from(JSON.stringify(login)).toString("base64url");
    const fetched = await build(fetching, {}, { "x-registry-auth": header });
    expect(fetched.report).toMatchObject({ fetched: true, sha256: made.report?.sha256 });
  });

  test("a client that goes away ends its push", async () => {
    const made = await build(maker);
    // Says nothing to anybody.
    const silent = createServer().listen(0, "127.0.0.1");
    onTestFinished(() => void silent.close());
    await once(silent, "listening");
    const connected = once(silent, "connection");
    const { port } = silent.address() as AddressInfo;
    const leaving = new AbortController();
    const pushing = fetch(new URL(`/v1/builds/${made.id}/push`, maker.url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ reference: `127.0.0.1:${port}/app:disk` }),
      signal: leaving.signal,
    });
    const [socket] = (await connected) as [Socket];
    // Who does not read does not see the end.
    socket.resume();
    leaving.abort(new Error("enough"));
    await expect(pushing).rejects.toThrow("enough");
    // Long before who pushes would lose patience with the registry.
    await vi.waitFor(() => expect(socket.closed).toBe(true), { timeout: 20_000, interval: 50 });
  });

  test.each([
    [{ reference: "oci:/etc" }, 400, "SOURCE_INVALID"],
    [{ reference: "NO REFERENCE" }, 400, "REFERENCE_INVALID"],
    [{ reference: `app@sha256:${"0".repeat(64)}` }, 400, "SOURCE_INVALID"],
    [{ target: "app" }, 400, "REQUEST_INVALID"],
    [{ reference: "169.254.169.254/app" }, 403, "REGISTRY_ADDRESS_REFUSED"],
  ])("%j is refused as %i %s", async (body, status, code) => {
    expect(await push(await build(maker), body)).toMatchObject({ status, body: { code } });
  });

  test("a disk that is removed as its push begins is gone", async () => {
    const made = await build(maker, { size: "+20MiB" });
    await rm(join(directory, "maker", "artifacts", `${made.buildKey}.ext4`));
    expect(await push(made)).toMatchObject({ status: 410, body: { code: "ARTIFACT_NOT_FOUND" } });
  });

  test("a disk that something has written to is not pushed", async () => {
    const made = await build(maker, { size: "+16MiB" });
    const path = join(directory, "maker", "artifacts", `${made.buildKey}.ext4`);
    const bytes = await readFile(path);
    bytes.write("changed", 2048);
    await writeFile(path, bytes);
    expect(await push(made)).toMatchObject({ status: 422, body: { code: "DISK_INVALID" } });
  });
});

test("a build that is not ready has no disk to push, and neither has one whose disk was removed", async () => {
  contract = await openContract();
  const server = await startTestServer();
  onTestFinished(() => server.close());
  const queued = await server.addBuild();
  const early = await ask(server, "POST", `/v1/builds/${queued.id}/push`);
  expect(early).toMatchObject({ status: 409, body: { code: "BUILD_STATE" } });
  await server.finish(queued, Buffer.from("disk"));
  await server.context.database.db.deleteFrom("artifacts").execute();
  const late = await ask(server, "POST", `/v1/builds/${queued.id}/push`);
  expect(late).toMatchObject({ status: 410, body: { code: "ARTIFACT_NOT_FOUND" } });
  expect(await ask(server, "POST", "/v1/builds/none/push")).toMatchObject({ status: 404 });
});

test("a disk is pushed by its builder, or by who may read all", async () => {
  contract = await openContract();
  const server = await startTestServer({
    access: { tokens: true, privateSources: true },
    ownNames: ["images.example:5000"],
  });
  onTestFinished(() => server.close());
  const { db } = server.context.database;
  const build = await server.addBuild();
  await server.finish(build, Buffer.from("disk"));
  const codeFor = async (reference: string, ...scopes: ("read" | "build")[]): Promise<unknown> => {
    const { secret } = await createToken(db, { name: scopes.join("-"), scopes });
    const headers = { authorization: `Bearer ${secret}` };
    return (await ask(server, "POST", `/v1/builds/${build.id}/push`, { reference }, headers)).body["code"];
  };
  expect(await codeFor("oci:none", "read")).toBe("TOKEN_REFUSED");
  expect(await codeFor("oci:none", "build")).toBe("TOKEN_REFUSED");
  // Its reference is what is wrong then.
  expect(await codeFor("oci:none", "read", "build")).toBe("SOURCE_INVALID");
  // The server's own registry is for who may push.
  expect(await codeFor("images.example:5000/app:disk", "read", "build")).toBe("TOKEN_REFUSED");
});
