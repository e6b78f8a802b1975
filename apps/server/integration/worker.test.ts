import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { byteGate } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createRequestCredentials } from "../src/access/request-credentials.ts";
import { findArtifact } from "../src/catalogue/artifacts.ts";
import { askForBuild } from "../src/catalogue/ask-for-build.ts";
import { readEvents, type BuildEventRow } from "../src/catalogue/build-events.ts";
import type { BuildRequestBody } from "../src/catalogue/build-request.ts";
import { createOrJoinBuild, requestCancel, requireBuild } from "../src/catalogue/builds.ts";
import { applyRetention } from "../src/catalogue/retention.ts";
import { openDiskRoom } from "../src/disk-room.ts";
import { startWorker, type BuildWorker } from "../src/queue/build-worker.ts";
import { ensureQueue } from "../src/queue/build-queue.ts";
import { dropEndedCredentials } from "../src/queue/drop-credentials.ts";
import { openServerParts, type ServerParts } from "../src/server-parts.ts";
import type { ServerContext } from "../src/server-context.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";
import { registryOf, untilBuild, untilEnded, workerContext } from "./worker-fixture.ts";

let directory = "";
let registry: Awaited<ReturnType<typeof registryOf>>;
let parts: ServerParts;
let context: ServerContext;
let worker: BuildWorker;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-worker-"));
  registry = await registryOf(8);
  const settings = testSettings(directory);
  await withEmptyDatabase(settings.store);
  parts = await openServerParts(settings, new AbortController().signal);
  ({ context } = parts);
  worker = await startWorker(workerContext(context));
});

afterAll(async () => {
  await worker.drain(AbortSignal.abort());
  await parts[Symbol.asyncDispose]();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

async function ask(image: string, more: Partial<BuildRequestBody> = {}): Promise<string> {
  const source = `${registry.host}/${image}`;
  const { build } = await askForBuild(
    context,
    { source, platform: "linux/amd64", format: "ext4", ...more },
    { tokenId: undefined },
  );
  return build.id;
}

async function eventsOf(id: string): Promise<BuildEventRow[]> {
  return await readEvents(context.database.db, id, 0, 1000);
}

test("a build that is asked for becomes ready, its disk lies whole in the store, and its events say how", async () => {
  const id = await ask("app0:1");
  const build = await untilEnded(context, id);
  expect(build).toMatchObject({ state: "ready", problem: undefined, report: { cached: false } });
  const artifact = await findArtifact(context.database.db, build.buildKey ?? "");
  const disk = await readFile(join(directory, "artifacts", artifact?.location ?? ""));
  expect(disk).toHaveLength(artifact?.bytes ?? 0);
  expect(createHash("sha256").update(disk).digest("hex")).toBe(artifact?.sha256);
  const events = await eventsOf(id);
  const states = events
    .filter(({ kind }) => kind === "state")
    .map(({ data }) => (data as { state: string }).state);
  expect(states.filter((state, at) => states.indexOf(state) === at)).toEqual([
    "resolving",
    "pulling",
    "flattening",
    "writing",
    "verifying",
  ]);
  expect(events.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["queued", "resolved", "progress", "stage"]),
  );
  expect(events.at(-1)).toMatchObject({ kind: "ready", data: { cached: false, sha256: artifact?.sha256 } });
  const progress = events.find(({ kind }) => kind === "progress")?.data as { layers: object[] };
  expect(progress.layers).toHaveLength(2);
  for (const layer of progress.layers as {
    pulledBytes: number;
    flattenedBytes: number;
    totalBytes: number;
  }[])
    expect([layer.pulledBytes, layer.flattenedBytes]).toEqual([layer.totalBytes, layer.totalBytes]);
});

test("the same asked for again is the same build, as long as the source is the same", async () => {
  const id = await ask("app1:1");
  await untilEnded(context, id);
  expect(await ask("app1:1")).toBe(id);
  const other = await ask("app1:1", { size: "+64M" });
  expect(other).not.toBe(id);
  expect(await untilEnded(context, other)).toMatchObject({ state: "ready" });
});

test("the same image under another name is ready at once, from the same disk", async () => {
  const first = await untilEnded(context, await ask("app2:1"));
  const { digest } = first.report as { digest: string };
  const second = await untilEnded(context, await ask(`app2@${digest}`));
  expect(second).toMatchObject({ state: "ready", buildKey: first.buildKey, report: { cached: true } });
  expect(first.report).toMatchObject({ source: `${registry.host}/app2:1`, cached: false });
  expect(second.report).toMatchObject({ source: `${registry.host}/app2@${digest}` });
});

test("a build whose disk is gone is made anew", async () => {
  const first = await untilEnded(context, await ask("app3:1"));
  const rules = { unusedSeconds: 0, totalBytes: undefined, historySeconds: 3600 };
  const { db } = context.database;
  const said = await applyRetention(db, context.artifacts, rules, { dryRun: true });
  expect(said.removed).toContain(first.buildKey);
  expect(await findArtifact(db, first.buildKey ?? "")).toBeDefined();
  expect(await applyRetention(db, context.artifacts, rules, { dryRun: false })).toEqual(said);
  expect(await findArtifact(db, first.buildKey ?? "")).toBeUndefined();
  const id = await ask("app3:1");
  expect(id).not.toBe(first.id);
  expect(await untilEnded(context, id)).toMatchObject({ state: "ready", report: { cached: false } });
});

test("disks that no build tells of go when they are an hour old", async () => {
  const { db } = context.database;
  const { buildKey } = await untilEnded(context, await ask("app3:1", { size: "+65M" }));
  const artifacts = join(directory, "artifacts");
  const known = join(artifacts, `${buildKey}.ext4`);
  const old = join(artifacts, `${"a".repeat(64)}.ext4`);
  const recent = join(artifacts, `${"b".repeat(64)}.ext4`);
  await writeFile(old, "left behind");
  await writeFile(recent, "just made");
  const longAgo = new Date(Date.now() - 61 * 60_000);
  for (const path of [known, old]) await utimes(path, longAgo, longAgo);
  const rules = { unusedSeconds: undefined, totalBytes: undefined, historySeconds: 3600 };
  const gone = { removed: [], removedOrphans: 1, freedBytes: "left behind".length };
  expect(await applyRetention(db, context.artifacts, rules, { dryRun: true })).toMatchObject(gone);
  await stat(old);
  expect(await applyRetention(db, context.artifacts, rules, { dryRun: false })).toMatchObject(gone);
  await expect(stat(old)).rejects.toThrow("ENOENT");
  await stat(known);
  await stat(recent);
  await rm(recent);
});

test.for([
  ["app9:1", {}, "REGISTRY_NOT_FOUND"],
  ["app4:1", { platform: "linux/riscv64" }, "PLATFORM_NOT_FOUND"],
  ["app4:1", { size: "100K" }, "EXT4_SIZE_TOO_SMALL"],
] as const)("%s with %j fails with %s, and nothing is left", async ([image, more, code]) => {
  const build = await untilEnded(context, await ask(image, more));
  expect(build).toMatchObject({ state: "failed", problem: { code, hint: expect.any(String) as string } });
  expect((await eventsOf(build.id)).at(-1)).toMatchObject({ kind: "failed", data: { problem: { code } } });
  const rows = await context.database.db
    .selectFrom("artifacts")
    .select("build_key")
    .where("state", "=", "making")
    .execute();
  expect(rows).toEqual([]);
});

test.for([
  ["oci:/etc", "SOURCE_FORBIDDEN"],
  ["-", "SOURCE_FORBIDDEN"],
  ["UPPER", "REFERENCE_INVALID"],
] as const)("the source %s is refused when it is asked for: %s", async ([source, code]) => {
  await expect(
    askForBuild(context, { source, format: "ext4" }, { tokenId: undefined }),
  ).rejects.toMatchObject({ code });
});

test("options that make no sense are refused when they are asked for", async () => {
  await expect(ask("app0:1", { compression: "zstd" })).rejects.toMatchObject({ code: "OPTIONS_INVALID" });
  await expect(ask("app0:1", { guest: { hostname: "a/b" } })).rejects.toMatchObject({ code: "GUEST_CONFIG" });
});

test("a running build is cancelled, and a follower of it is made by itself", async () => {
  const gate = byteGate();
  const slow = await registryOf(1, { gate });
  onTestFinished(() => slow.close());
  const source = `${slow.host}/app0:1`;
  const body = { source, platform: "linux/amd64", format: "ext4" } as const;
  const { build } = await askForBuild(context, body, { tokenId: undefined });
  const leader = await untilBuild(context, build.id, ({ buildKey }) => buildKey !== undefined);
  const { build: second } = await askForBuild(
    context,
    { ...body, source: `${slow.host}/app0@${leader.manifestDigest}` },
    { tokenId: undefined },
  );
  await untilBuild(context, second.id, ({ follows }) => follows === leader.id);
  await requestCancel(context.database, leader.id, context.metrics);
  expect(await untilEnded(context, leader.id)).toMatchObject({ state: "cancelled" });
  gate.open();
  expect(await untilEnded(context, second.id)).toMatchObject({ state: "ready", report: { cached: false } });
});

test("credentials are dropped when their build has ended, and a build whose are gone says so", async () => {
  const source = `${registry.host}/app5:1`;
  const body = { source, platform: "linux/amd64", format: "ext4" } as const;
  const credentials = { kind: "password", username: "u", password: "marked-secret" } as const;
  const { build } = await askForBuild(context, body, { tokenId: undefined, credentials });
  expect(await untilEnded(context, build.id)).toMatchObject({ state: "ready" });
  expect(context.credentials.size).toBe(0);
  const { build: left } = await createOrJoinBuild(context.database, {
    request: body,
    requestKey: "left",
    tokenId: undefined,
    serverId: context.serverId,
    limit: 100,
  });
  expect(await untilEnded(context, left.id)).toMatchObject({
    state: "failed",
    problem: { code: "BUILD_CREDENTIALS_GONE" },
  });
});

test("credentials of a build that ended with no worker's part are dropped too, those of one that waits are not", async () => {
  const { boss, db } = context.database;
  // Of a server that does not run, so that nobody takes them up.
  const serverId = randomUUID();
  await ensureQueue(boss, serverId);
  const credentials = createRequestCredentials();
  const login = { kind: "password", username: "u", password: "p" } as const;
  const [waiting, over] = await Promise.all(
    ["waiting", "over"].map(async (requestKey) => {
      const { build } = await createOrJoinBuild(context.database, {
        request: { source: `${registry.host}/app6:1`, format: "ext4" },
        requestKey,
        tokenId: undefined,
        serverId,
        limit: 100,
      });
      credentials.hold(build.id, login);
      return build.id;
    }),
  );
  const beingWritten = randomUUID();
  credentials.hold(beingWritten, login);
  await requestCancel(context.database, over ?? "", context.metrics);
  await dropEndedCredentials(db, credentials);
  expect(Array.from(credentials.builds(), ([id]) => id)).toEqual(
    expect.arrayContaining([waiting, beingWritten]),
  );
  expect(credentials.size).toBe(2);
});

test("a build that runs ends with QUOTA_DISK when the disk has filled up, and nothing of it is left", async () => {
  const gate = byteGate();
  const slow = await registryOf(1, { gate });
  onTestFinished(() => slow.close());
  let left = Number.MAX_SAFE_INTEGER;
  const store = await withEmptyDatabase(join(directory, "filled"));
  await using filled = await openServerParts(testSettings(store), new AbortController().signal);
  const room = openDiskRoom(filled.context.settings, {
    measure: () => Promise.resolve(left),
    watchMilliseconds: 5,
  });
  const roomy = { ...filled.context, room };
  const its = await startWorker(workerContext(roomy));
  const body = { source: `${slow.host}/app0:1`, platform: "linux/amd64", format: "ext4" } as const;
  const { build } = await askForBuild(roomy, body, { tokenId: undefined });
  await untilBuild(roomy, build.id, ({ state }) => state === "pulling");
  left = 0;
  // The layers are held back: it is not the end of the build that ends it.
  expect(await untilEnded(roomy, build.id)).toMatchObject({
    state: "failed",
    problem: { code: "QUOTA_DISK" },
  });
  gate.open();
  await its.drain(AbortSignal.abort());
  expect(await readdir(join(store, "artifacts"), { recursive: true })).toEqual(["staging"]);
  expect(await roomy.database.db.selectFrom("artifacts").selectAll().execute()).toEqual([]);
});

test("who watches is told all events in order, from any place on, and the watching ends with the last", async () => {
  const id = await ask("app7:1");
  const { signal } = new AbortController();
  const watch = async (after: number): Promise<number[]> => {
    const sequences: number[] = [];
    for await (const { sequence } of context.feeds.watch(id, after, signal)) sequences.push(sequence);
    return sequences;
  };
  const [all, others] = await Promise.all([
    watch(0),
    Promise.all(Array.from({ length: 50 }, () => watch(2))),
  ]);
  const last = (await eventsOf(id)).at(-1)?.sequence;
  expect(all.at(-1)).toBe(last);
  expect(all).toEqual([...new Set(all)].toSorted((a, b) => a - b));
  for (const sequences of others) {
    expect(sequences.at(-1)).toBe(last);
    expect(Math.min(...sequences)).toBeGreaterThan(2);
  }
  expect(await watch(0)).toEqual((await eventsOf(id)).map(({ sequence }) => sequence));
  expect((await requireBuild(context.database.db, id)).state).toBe("ready");
});

test("nothing is left of what was staged", async () => {
  const names = await readdir(join(directory, "artifacts"), { recursive: true });
  expect(names.filter((name) => !/^[0-9a-f]{64}\.(ext4|squashfs)$/.test(name))).toEqual(["staging"]);
});
