import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { RADOSGW_TOOLS, requireJudge, startRadosgw, type Radosgw } from "@bootlayer/test-fixtures";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import type { ArtifactStore, ArtifactToKeep, StagedArtifact } from "../src/artifacts/artifact-store.ts";
import { openS3Artifacts } from "../src/artifacts/s3-artifacts.ts";
import { createS3Client, type S3Settings } from "../src/artifacts/s3-client.ts";

const judge = requireJudge(...RADOSGW_TOOLS);
const MiB = 2 ** 20;
const key = "cd".repeat(32);
const never = new AbortController().signal;

describe.skipIf(judge.skip)(`disks in Ceph's S3${judge.reason}`, () => {
  let gateway: Radosgw;
  let staging: string;
  let settings: S3Settings;
  let store: ArtifactStore;

  beforeAll(async () => {
    gateway = await startRadosgw();
    vi.stubEnv("AWS_ACCESS_KEY_ID", gateway.accessKeyId);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", gateway.secretAccessKey);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await gateway.close();
  });
  beforeEach(async () => {
    staging = await mkdtemp(join(tmpdir(), "bootlayer-staging-"));
    const bucket = `disks-${randomBytes(4).toString("hex")}`;
    const { endpoint, region } = gateway;
    settings = { kind: "s3", endpoint, region, bucket, prefix: "fleet/", pathStyle: true };
    await withClient((client) => client.send(new CreateBucketCommand({ Bucket: bucket })));
    store = await openS3Artifacts(settings, staging);
  });
  afterEach(async () => {
    await store.close();
    await rm(staging, { recursive: true });
  });

  async function withClient<Result>(
    use: (client: ReturnType<typeof createS3Client>) => Promise<Result>,
  ): Promise<Result> {
    const client = createS3Client(settings);
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  /** A disk of `bytes` with chance at the given places; the rest is a hole. */
  async function stageDisk(
    bytes: number,
    regions: readonly (readonly [number, number])[],
    into: ArtifactStore = store,
  ): Promise<{ staged: StagedArtifact; artifact: ArtifactToKeep; content: Buffer }> {
    const staged = await into.stage(key, "ext4");
    const content = Buffer.alloc(bytes);
    for (const [offset, length] of regions) randomBytes(length).copy(content, offset);
    const file = await open(staged.path, "w");
    await file.truncate(bytes);
    for (const [offset, length] of regions) await file.write(content, offset, length, offset);
    await file.close();
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { staged, artifact: { key, format: "ext4", bytes, sha256, dataRegions: regions }, content };
  }

  async function read(location: string, start: number, end: number): Promise<Buffer> {
    return Buffer.concat(await Array.fromAsync(await store.open(location, { start, end }, never)));
  }

  async function uploadsLeft(): Promise<number> {
    const listed = await withClient((client) =>
      client.send(new ListMultipartUploadsCommand({ Bucket: settings.bucket })),
    );
    return listed.Uploads?.length ?? 0;
  }

  test.each([
    ["one part", 3 * MiB + 7, [[4096, 8192]]],
    ["a whole part", 16 * MiB, [[16 * MiB - 1, 1]]],
    [
      "parts of which two are nothing but a hole",
      64 * MiB + 5,
      [
        [0, 100],
        [15 * MiB, 2 * MiB],
        [64 * MiB, 5],
      ],
    ],
    ["only a hole", 20 * MiB, []],
  ] as const)("%s: the store has every byte, and ranges of it are read", async (_, bytes, regions) => {
    const { staged, artifact, content } = await stageDisk(bytes, regions);
    const location = await store.keep(staged, artifact, never);
    expect((await read(location, 0, bytes)).equals(content)).toBe(true);
    expect((await read(location, bytes - 9, bytes)).equals(content.subarray(-9))).toBe(true);
    expect(await read(location, 5, 5)).toHaveLength(0);
    expect(await Array.fromAsync(store.list())).toMatchObject([{ location, bytes }]);
    expect(await readdir(staging)).toEqual([]);
    expect(await uploadsLeft()).toBe(0);
  });

  test("a disk that is there is not sent again, one of other bytes is replaced", async () => {
    const first = await stageDisk(1000, [[0, 1000]]);
    const location = await store.keep(first.staged, first.artifact, never);
    const [{ modified } = {}] = await Array.fromAsync(store.list());
    // Its file is gone: there is nothing that could be sent.
    expect(await store.keep(first.staged, first.artifact, never)).toBe(location);
    expect(await Array.fromAsync(store.list())).toMatchObject([{ modified }]);
    const second = await stageDisk(1000, [[0, 1000]]);
    await store.keep(second.staged, second.artifact, never);
    expect((await read(location, 0, 1000)).equals(second.content)).toBe(true);
  });

  test("what is aborted leaves no object, no parts and no file", async () => {
    const { staged, artifact } = await stageDisk(64 * MiB, [[0, 64 * MiB]]);
    const aborting = new AbortController();
    const proxied = await through((incoming) => {
      if (incoming.url?.includes("partNumber=2") === true) aborting.abort(new Error("enough"));
      return {};
    });
    await expect(proxied.keep(staged, artifact, aborting.signal)).rejects.toThrow("enough");
    await staged.discard();
    expect(await uploadsLeft()).toBe(0);
    expect(await Array.fromAsync(store.list())).toEqual([]);
    expect(await readdir(staging)).toEqual([]);
  });

  /** A store behind a proxy that may damage what goes to it or what it says. */
  async function through(
    damage: (incoming: IncomingMessage) => { body?: boolean; etag?: string },
  ): Promise<ArtifactStore> {
    const proxy = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
      const { body = false, etag } = damage(incoming);
      const { method, headers, url } = incoming;
      const upstream = forward(`${gateway.endpoint}${url}`, { method, headers }, (answer) => {
        const answered = { ...answer.headers, ...(etag === undefined ? {} : { etag }) };
        outgoing.writeHead(answer.statusCode ?? 500, answered);
        answer.pipe(outgoing);
      });
      upstream.on("error", () => outgoing.destroy());
      incoming.on("error", () => upstream.destroy());
      let isFirst = body;
      incoming.on("data", (chunk: Buffer) => {
        if (isFirst) chunk[0] = (chunk[0] ?? 0) ^ 1;
        isFirst = false;
        upstream.write(chunk);
      });
      incoming.on("end", () => upstream.end());
      incoming.on("close", () => {
        if (!incoming.complete) upstream.destroy();
      });
    });
    await new Promise<void>((resolve) => {
      proxy.listen(0, "127.0.0.1", resolve);
    });
    const address = proxy.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const opened = await openS3Artifacts({ ...settings, endpoint: `http://127.0.0.1:${port}` }, staging);
    onTestFinished(async () => {
      await opened.close();
      proxy.closeAllConnections();
      proxy.close();
    });
    return opened;
  }

  test.each([1000, 20 * MiB])(
    "bytes that are damaged on the way are refused, of a disk of %i",
    async (bytes) => {
      const { staged, artifact } = await stageDisk(bytes, [[0, bytes]]);
      // The signature would find it too, so the proxy goes on damaging: every attempt fails.
      const proxied = await through(({ method }) => ({ body: method === "PUT" }));
      await expect(proxied.keep(staged, artifact, never)).rejects.toMatchObject({ code: "ARTIFACT_STORE" });
      expect(await Array.fromAsync(store.list())).toEqual([]);
      expect(await uploadsLeft()).toBe(0);
    },
  );

  test.each([
    ["PUT", 1000],
    ["PUT", 20 * MiB],
    ["HEAD", 20 * MiB],
  ])(
    "a store that says in its answer to %s that it has other bytes is not believed, of a disk of %i",
    async (says, bytes) => {
      const { staged, artifact } = await stageDisk(bytes, [[0, bytes]]);
      const proxied = await through(({ method }) => (method === says ? { etag: `"${"0".repeat(32)}"` } : {}));
      await expect(proxied.keep(staged, artifact, never)).rejects.toMatchObject({
        code: "ARTIFACT_STORE",
        message: expect.stringContaining("other bytes") as string,
      });
      expect(await Array.fromAsync(store.list())).toEqual([]);
      expect(await uploadsLeft()).toBe(0);
    },
  );

  test("uploads that a killed server left are aborted after a day, others' and young ones are not", async () => {
    await withClient(async (client) => {
      for (const Key of [`fleet/${key}.ext4`, "fleet/notes", `other/${key}.ext4`])
        await client.send(new CreateMultipartUploadCommand({ Bucket: settings.bucket, Key }));
    });
    expect(await store.sweep()).toBe(0);
    const later = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 25 * 60 * 60 * 1000);
    onTestFinished(() => later.mockRestore());
    expect(await store.sweep()).toBe(1);
    later.mockRestore();
    expect(await uploadsLeft()).toBe(2);
  });

  test("a bucket that is gone does not check out, and its disks are not said to be gone", async () => {
    await store.check();
    await withClient((client) => client.send(new DeleteBucketCommand({ Bucket: settings.bucket })));
    await expect(store.check()).rejects.toMatchObject({ code: "ARTIFACT_STORE" });
    // Its disks are not said to be gone.
    await expect(store.open(`${key}.ext4`, { start: 0, end: 1 }, never)).rejects.toMatchObject({
      code: "ARTIFACT_STORE",
    });
  });

  test("a removed disk is not found, and to remove it again is fine", async () => {
    const { staged, artifact } = await stageDisk(1000, [[0, 1000]]);
    const location = await store.keep(staged, artifact, never);
    await store.remove(location);
    await store.remove(location);
    await expect(store.open(location, { start: 0, end: 1 }, never)).rejects.toMatchObject({
      code: "ARTIFACT_NOT_FOUND",
    });
    await expect(store.open("../other", { start: 0, end: 1 }, never)).rejects.toMatchObject({
      code: "ARTIFACT_NOT_FOUND",
    });
  });

  test("other objects of the bucket are not listed, and more than a page is", async () => {
    await withClient(async (client) => {
      const keys = Array.from({ length: 1005 }, (_, index) => index.toString(16).padStart(64, "0"));
      const names = [...keys.map((name) => `fleet/${name}.squashfs`), "fleet/notes", `other/${key}.ext4`];
      for (let done = 0; done < names.length; done += 50)
        await Promise.all(
          names
            .slice(done, done + 50)
            .map((Key) =>
              client.send(new PutObjectCommand({ Bucket: settings.bucket, Key, Body: new Uint8Array() })),
            ),
        );
    });
    expect(await Array.fromAsync(store.list())).toHaveLength(1005);
  });

  test("a presigned address serves the disk and its ranges to who has it, under a harmless name", async () => {
    const { staged, artifact, content } = await stageDisk(1000, [[0, 1000]]);
    const location = await store.keep(staged, artifact, never);
    const url = await store.presign?.(location, { expiresSeconds: 60, fileName: 'al"pine\r\n.ext4' });
    const answer = await fetch(url ?? "", { headers: { range: "bytes=10-19" } });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="al_pine__.ext4"');
    expect(Buffer.from(await answer.arrayBuffer()).equals(content.subarray(10, 20))).toBe(true);
    const forged = new URL(url ?? "");
    forged.searchParams.set("X-Amz-Expires", "6000");
    expect((await fetch(forged)).status).toBe(403);
  });

  test.each([
    ["a wrong secret", () => vi.stubEnv("AWS_SECRET_ACCESS_KEY", "marked-secret"), {}],
    ["an unknown key", () => vi.stubEnv("AWS_ACCESS_KEY_ID", "marked-key"), {}],
    ["a missing bucket", () => {}, { bucket: "nowhere" }],
    ["a closed port", () => {}, { endpoint: "http://127.0.0.1:1" }],
  ])("%s is ARTIFACT_STORE at the start, and the error holds no key", async (_, prepare, change) => {
    onTestFinished(() => {
      vi.stubEnv("AWS_ACCESS_KEY_ID", gateway.accessKeyId);
      vi.stubEnv("AWS_SECRET_ACCESS_KEY", gateway.secretAccessKey);
    });
    prepare();
    const error: unknown = await openS3Artifacts({ ...settings, ...change }, staging).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "ARTIFACT_STORE" });
    const shown = inspect(error, { depth: null, showHidden: true });
    for (const secret of ["marked", gateway.secretAccessKey, "Signature=", "Credential="])
      expect(shown).not.toContain(secret);
  });
});
