import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claimKey, findArtifact, markReady, removeArtifact, renewKey } from "../src/catalogue/artifacts.ts";
import { appendEvent, appendProgress, readEvents } from "../src/catalogue/build-events.ts";
import { openBuildFeeds } from "../src/catalogue/build-feeds.ts";
import type { BuildRequestBody } from "../src/catalogue/build-request.ts";
import {
  createOrJoinBuild,
  deleteBuild,
  getBuild,
  listBuilds,
  requestCancel,
  requireBuild,
  retryBuild,
  type NewBuild,
} from "../src/catalogue/builds.ts";
import type { BuildReport } from "../src/catalogue/build-report.ts";
import { endBuild, type EndedBuild } from "../src/catalogue/end-build.ts";
import type { OpenDatabase } from "../src/database/open-database.ts";
import { claimBuild, endClaim, follow, renewClaim, writeState } from "../src/queue/build-claims.ts";
import { ensureQueue, queueName } from "../src/queue/build-queue.ts";
import { sweepBuilds } from "../src/queue/sweep.ts";
import { databases, openTestDatabase, type TestDatabase } from "./databases.ts";

const lease = 60_000;
const key = "a".repeat(64);
const problem = { code: "REGISTRY_NOT_FOUND", title: "t", detail: "d", hint: "h" };
const report: BuildReport = {
  digest: "sha256:1",
  platform: "linux/amd64",
  format: "ext4",
  key,
  bytes: 4096,
  dataBytes: 10,
  sha256: "b".repeat(64),
  cached: false,
  stages: [],
  layers: [],
  warnings: [],
};
const artifact = {
  key,
  location: "x.ext4",
  format: "ext4",
  bytes: 4096,
  dataBytes: 10,
  sha256: report.sha256,
  dataRegions: [[0, 10]],
  report,
} as const;

describe.for(databases)("on $name", ({ name, skip }) => {
  describe.skipIf(skip)("the catalogue", () => {
    let opened: TestDatabase;
    let database: OpenDatabase;
    let counted: EndedBuild[] = [];
    const metrics = { buildsEnded: (ended: readonly EndedBuild[]) => void counted.push(...ended) };

    beforeAll(async () => {
      opened = await openTestDatabase(name);
      ({ database } = opened);
      await ensureQueue(database.boss, null);
      await ensureQueue(database.boss, "server");
    });
    afterAll(() => opened.close());
    beforeEach(async () => {
      counted = [];
      await database.db.deleteFrom("builds").execute();
      await database.db.deleteFrom("artifacts").execute();
      await database.boss.deleteAllJobs(queueName(null));
    });

    const request: BuildRequestBody = { source: "localhost:5000/a:1", format: "ext4" };
    async function ask(change: Partial<NewBuild> = {}): Promise<{ id: string; joined: boolean }> {
      const { build, joined } = await createOrJoinBuild(database, {
        request,
        requestKey: "r1",
        tokenId: undefined,
        serverId: undefined,
        limit: 1000,
        ...change,
      });
      return { id: build.id, joined };
    }
    async function claim(id: string): Promise<NonNullable<Awaited<ReturnType<typeof claimBuild>>>> {
      const claimed = await claimBuild(database.db, id, "server", lease);
      if (claimed === undefined) throw new Error("not there to be claimed");
      return claimed;
    }
    async function kinds(id: string): Promise<string[]> {
      return (await readEvents(database.db, id, 0, 1000)).map(({ kind }) => kind);
    }
    async function jobs(id: string): Promise<number> {
      return (await database.boss.findJobs(queueName(null), { key: id, queued: true })).length;
    }
    async function expireLease(id: string): Promise<void> {
      await database.db
        .updateTable("builds")
        .set({ worker_until: new Date(0) })
        .where("id", "=", id)
        .execute();
    }

    test("of fifty equal requests at once one makes a row and a job, and all have its id", async () => {
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask()));
      expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
      expect(answers.filter(({ joined }) => !joined)).toHaveLength(1);
      expect(await database.db.selectFrom("builds").select("id").execute()).toHaveLength(1);
      expect(await jobs(answers[0]?.id ?? "")).toBe(1);
    });

    test("a request with credentials is joined by none and joins none", async () => {
      const plain = await ask();
      const [first, second] = [await ask({ serverId: "server" }), await ask({ serverId: "server" })];
      expect(new Set([plain.id, first.id, second.id]).size).toBe(3);
    });

    test("an image of one server is built there alone, and is joined", async () => {
      const first = await ask({ serverId: "server", hasCredentials: false });
      expect(await ask({ serverId: "server", hasCredentials: false })).toEqual({
        id: first.id,
        joined: true,
      });
      expect(await jobs(first.id)).toBe(0);
    });

    test("a build that has ended, or is to be cancelled, is not joined", async () => {
      const first = await ask();
      await requestCancel(database, first.id, metrics);
      const second = await ask();
      expect(second.joined).toBe(false);
      await claim(second.id);
      await requestCancel(database, second.id, metrics);
      expect((await ask()).joined).toBe(false);
    });

    test("a token may have so many builds under way and no more", async () => {
      const answers = await Promise.allSettled(
        Array.from({ length: 10 }, (_, at) => ask({ requestKey: `q${at}`, tokenId: "token", limit: 4 })),
      );
      expect(answers.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
      await expect(ask({ requestKey: "q", tokenId: "token", limit: 4 })).rejects.toMatchObject({
        code: "QUOTA_BUILDS",
      });
      expect(await ask({ requestKey: "q", tokenId: "other", limit: 4 })).toMatchObject({ joined: false });
    });

    test("a queued build knows its place, and lists page from the newest on", async () => {
      const ids: string[] = [];
      for (let at = 0; at < 5; at++) ids.push((await ask({ requestKey: `p${at}` })).id);
      expect((await requireBuild(database.db, ids[2] ?? "")).position).toBe(3);
      const first = await listBuilds(database.db, { limit: 3 });
      expect(first.builds.map(({ id }) => id)).toEqual([ids[4], ids[3], ids[2]]);
      const second = await listBuilds(database.db, { limit: 3, after: first.next });
      expect(second).toMatchObject({ builds: [{ id: ids[1] }, { id: ids[0] }], next: undefined });
      const filtered = { source: "5000/a", format: "ext4", states: ["queued"], limit: 10 } as const;
      expect((await listBuilds(database.db, filtered)).builds).toHaveLength(5);
      expect((await listBuilds(database.db, { ...filtered, states: ["ready"] })).builds).toEqual([]);
      expect((await listBuilds(database.db, { ...filtered, format: "squashfs" })).builds).toEqual([]);
      expect((await listBuilds(database.db, { ...filtered, source: "%" })).builds).toEqual([]);
    });

    test("a queued build is cancelled at once, a running one is told", async () => {
      const { id } = await ask();
      expect(await requestCancel(database, id, metrics)).toMatchObject({ state: "cancelled" });
      expect(await requestCancel(database, id, metrics)).toMatchObject({ state: "cancelled" });
      expect(await kinds(id)).toEqual(["queued", "cancelled"]);
      expect(counted).toEqual([{ state: "cancelled", code: undefined }]);
      const running = await ask();
      const claimed = await claim(running.id);
      expect(await requestCancel(database, running.id, metrics)).toMatchObject({
        state: "resolving",
        cancelRequested: true,
      });
      expect(counted).toHaveLength(1);
      expect(await renewClaim(database.db, claimed, undefined, lease)).toBe("cancelled");
      await endClaim(database.db, database.boss, claimed, { state: "failed", problem });
      await expect(requestCancel(database, running.id, metrics)).rejects.toMatchObject({
        code: "BUILD_STATE",
      });
    });

    test("a failed build is retried as a new one; one that runs is not", async () => {
      const { id } = await ask();
      const again = { tokenId: undefined, serverId: undefined, limit: 10 };
      await expect(retryBuild(database, id, again)).rejects.toMatchObject({ code: "BUILD_STATE" });
      const claimed = await claim(id);
      await endClaim(database.db, database.boss, claimed, { state: "failed", problem });
      const { build } = await retryBuild(database, id, again);
      expect(build).toMatchObject({ state: "queued", request, requestKey: "r1" });
      expect(await getBuild(database.db, id)).toMatchObject({ state: "failed", problem });
    });

    test("only what has ended is deleted, its events with it; a key that no other build has is told", async () => {
      const { id } = await ask();
      await expect(deleteBuild(database.db, id)).rejects.toMatchObject({ code: "BUILD_STATE" });
      const claimed = await claim(id);
      await writeState(database.db, claimed, "pulling", { buildKey: key });
      await endClaim(database.db, database.boss, claimed, { state: "failed", problem });
      expect(await deleteBuild(database.db, id)).toEqual({ orphanedKey: key });
      expect(await kinds(id)).toEqual([]);
      await expect(deleteBuild(database.db, id)).rejects.toMatchObject({ code: "BUILD_NOT_FOUND" });
    });

    test("events count up; of progress only the latest stays", async () => {
      const { id } = await ask();
      const claimed = await claim(id);
      for (let bytes = 0; bytes < 5; bytes++)
        await appendProgress(database.db, claimed, { layers: [], writtenBytes: bytes });
      await Promise.all(
        Array.from({ length: 10 }, () =>
          appendEvent(database.db, id, "stage", { stage: "pull", seconds: 1, bytes: 1 }),
        ),
      );
      const events = await readEvents(database.db, id, 0, 1000);
      const sequences = events.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
      expect(new Set(sequences).size).toBe(sequences.length);
      expect(events.filter(({ kind }) => kind === "progress")).toMatchObject([{ data: { writtenBytes: 4 } }]);
      expect(sequences.at(-1)).toBe(17);
    });

    test("a build is one worker's at a time; once its lease has run out, what the first writes is not taken", async () => {
      const { id } = await ask();
      const first = await claim(id);
      expect(await claimBuild(database.db, id, "other", lease)).toBeUndefined();
      await expireLease(id);
      const second = await claimBuild(database.db, id, "other", lease);
      expect(second).toMatchObject({ attempt: 2, lostWorkers: 1 });
      expect(await writeState(database.db, first, "writing")).toBe(false);
      expect(await renewClaim(database.db, first, undefined, lease)).toBe("lost");
      expect(await endClaim(database.db, database.boss, first, { state: "failed", problem })).toBeUndefined();
      await appendProgress(database.db, first, { layers: [], writtenBytes: 1 });
      expect(await getBuild(database.db, id)).toMatchObject({ state: "resolving" });
      expect(await kinds(id)).not.toContain("progress");
    });

    test("a key is made by one build at a time; who lost it cannot write the disk", async () => {
      const [one, two] = [await ask(), await ask({ requestKey: "r2" })];
      const [first, second] = [await claim(one.id), await claim(two.id)];
      expect(await claimKey(database.db, key, first, lease)).toEqual({ kind: "claimed" });
      expect(await claimKey(database.db, key, second, lease)).toEqual({ kind: "made-by", buildId: one.id });
      await database.db
        .updateTable("artifacts")
        .set({ lease_until: new Date(0) })
        .execute();
      expect(await claimKey(database.db, key, second, lease)).toEqual({ kind: "claimed" });
      expect(await renewKey(database.db, key, first, lease)).toBe(false);
      expect(await markReady(database.db, first, artifact)).toBe(false);
      expect(await markReady(database.db, second, artifact)).toBe(true);
      expect(await claimKey(database.db, key, first, lease)).toMatchObject({ kind: "ready", artifact });
    });

    test("of many that claim a key at once one gets it", async () => {
      const claims = await Promise.all(
        Array.from({ length: 20 }, async (_, at) => claim((await ask({ requestKey: `k${at}` })).id)),
      );
      const answers = await Promise.all(claims.map((claimed) => claimKey(database.db, key, claimed, lease)));
      expect(answers.filter(({ kind }) => kind === "claimed")).toHaveLength(1);
    });

    test("a retry of the same build takes its own key over at once", async () => {
      const { id } = await ask();
      await claimKey(database.db, key, await claim(id), lease);
      await expireLease(id);
      expect(await claimKey(database.db, key, await claim(id), lease)).toEqual({ kind: "claimed" });
    });

    async function leaderAndFollower(): Promise<{
      leader: Awaited<ReturnType<typeof claim>>;
      follower: string;
    }> {
      const other = { ...request, source: "localhost:5000/a:2" };
      const [one, two] = [await ask(), await ask({ requestKey: "r2", request: other })];
      const [leader, second] = [await claim(one.id), await claim(two.id)];
      expect(await follow(database.db, second, { leader: one.id, key })).toBe(true);
      return { leader, follower: two.id };
    }

    test("followers are ready when their leader is", async () => {
      const { leader, follower } = await leaderAndFollower();
      const ended = await endClaim(database.db, database.boss, leader, {
        state: "ready",
        manifestDigest: "sha256:1",
        report,
        event: { key, digest: "sha256:1", bytes: 1, sha256: "", cached: false },
      });
      expect(ended).toEqual([1, 2].map(() => ({ state: "ready", code: undefined })));
      expect(await getBuild(database.db, follower)).toMatchObject({
        state: "ready",
        buildKey: key,
        follows: undefined,
        report: { source: "localhost:5000/a:2", cached: true },
      });
      expect(await getBuild(database.db, leader.buildId)).toMatchObject({
        report: { source: "localhost:5000/a:1", cached: false },
      });
      expect((await readEvents(database.db, follower, 0, 100)).at(-1)).toMatchObject({
        kind: "ready",
        data: { cached: true },
      });
    });

    test.for(["failed", "cancelled"] as const)(
      "followers of one that is %s go back to the queue",
      async (state) => {
        const { leader, follower } = await leaderAndFollower();
        await database.boss.deleteAllJobs(queueName(null));
        const ended = await endClaim(
          database.db,
          database.boss,
          leader,
          state === "failed" ? { state, problem } : { state },
        );
        expect(ended).toEqual([{ state, code: state === "failed" ? problem.code : undefined }]);
        expect(await getBuild(database.db, follower)).toMatchObject({ state: "queued", follows: undefined });
        expect(await jobs(follower)).toBe(1);
      },
    );

    test("a follower is cancelled alone and at once", async () => {
      const { leader, follower } = await leaderAndFollower();
      expect(await requestCancel(database, follower, metrics)).toMatchObject({ state: "cancelled" });
      expect(await getBuild(database.db, leader.buildId)).toMatchObject({ state: "resolving" });
    });

    test("who comes too late to follow is told", async () => {
      const [one, two] = [await ask(), await ask({ requestKey: "r2" })];
      const [leader, second] = [await claim(one.id), await claim(two.id)];
      await endClaim(database.db, database.boss, leader, { state: "cancelled" });
      expect(await follow(database.db, second, { leader: one.id, key })).toBe(false);
    });

    test("a build whose worker is gone is queued again, and given up after some", async () => {
      const { id } = await ask();
      for (let lost = 1; lost <= 4; lost++) {
        await claim(id);
        await expireLease(id);
        await database.boss.deleteAllJobs(queueName(null));
        await sweepBuilds(database, "server", metrics);
        expect(await getBuild(database.db, id)).toMatchObject({ state: "queued" });
        expect(await jobs(id)).toBe(1);
      }
      await claim(id);
      await expireLease(id);
      expect(counted).toEqual([]);
      await Promise.all(["server", "other"].map((server) => sweepBuilds(database, server, metrics)));
      expect(await getBuild(database.db, id)).toMatchObject({
        state: "failed",
        problem: { code: "BUILD_WORKER_LOST" },
      });
      expect(counted).toEqual([{ state: "failed", code: "BUILD_WORKER_LOST" }]);
    });

    test("a build that was to be cancelled is, when its worker is gone", async () => {
      const { id } = await ask();
      await claim(id);
      await requestCancel(database, id, metrics);
      await expireLease(id);
      await sweepBuilds(database, "server", metrics);
      expect(await getBuild(database.db, id)).toMatchObject({ state: "cancelled" });
      expect(counted).toEqual([{ state: "cancelled", code: undefined }]);
    });

    test("a queued build whose job is lost gets one; what others have is let alone", async () => {
      const { id } = await ask();
      const old = new Date(Date.now() - 3_600_000);
      await database.db.updateTable("builds").set({ created_at: old }).execute();
      await sweepBuilds(database, "server", metrics);
      expect(await jobs(id)).toBe(1);
      await database.boss.deleteAllJobs(queueName(null));
      await sweepBuilds(database, "server", metrics);
      expect(await jobs(id)).toBe(1);
    });

    test("a build that only a server could make that is gone fails for that", async () => {
      await ensureQueue(database.boss, "gone");
      const { id } = await ask({ serverId: "gone" });
      await sweepBuilds(database, "server", metrics);
      expect(await getBuild(database.db, id)).toMatchObject({ state: "queued" });
      const old = new Date(Date.now() - 3_600_000);
      await database.db.updateTable("builds").set({ created_at: old }).execute();
      await sweepBuilds(database, "server", metrics);
      expect(await getBuild(database.db, id)).toMatchObject({
        state: "failed",
        problem: { code: "BUILD_CREDENTIALS_GONE" },
      });
      expect(counted).toEqual([{ state: "failed", code: "BUILD_CREDENTIALS_GONE" }]);
    });

    test("a disk is removed with its row; one that is being made is let alone", async () => {
      const { id } = await ask();
      const claimed = await claim(id);
      await claimKey(database.db, key, claimed, lease);
      const removed: string[] = [];
      const store = { remove: async (location: string) => void removed.push(location) };
      expect(await removeArtifact(database.db, store, key)).toBe(false);
      await markReady(database.db, claimed, artifact);
      expect(await removeArtifact(database.db, store, key)).toBe(true);
      expect(await findArtifact(database.db, key)).toBeUndefined();
      expect(removed).toEqual(["x.ext4"]);
      expect(await claimKey(database.db, key, claimed, lease)).toEqual({ kind: "claimed" });
    });

    test("who watches is told soon also where the message was lost", async () => {
      const feeds = await openBuildFeeds({ db: database.db, listen: async () => async () => {} });
      const { id } = await ask();
      const told: string[] = [];
      const watching = (async () => {
        for await (const { kind } of feeds.watch(id, 0, new AbortController().signal)) told.push(kind);
      })();
      while (told.length === 0) await sleep(10);
      await requestCancel(database, id, metrics);
      await watching;
      expect(told).toEqual(["queued", "cancelled"]);
      await feeds.close();
    });

    test("an ended build can be ended by nobody again: its row says when it was", async () => {
      const { id } = await ask();
      await database.db
        .transaction()
        .execute((transaction) => endBuild(transaction, database.boss, id, { state: "cancelled" }));
      const build = await requireBuild(database.db, id);
      expect(build.endedAt).toBeInstanceOf(Date);
      expect(await claimBuild(database.db, id, "server", lease)).toBeUndefined();
    });

    test("a message reaches listeners, of a transaction only when it has been committed", async () => {
      const heard: string[] = [];
      const end = await database.listen("bootlayer_test", (payload) => heard.push(payload));
      await database.notify("bootlayer_test", "1");
      await database.db
        .transaction()
        .execute(async (transaction) => {
          await database.notify("bootlayer_test", "2", transaction);
          throw new Error("rolled back");
        })
        .catch(() => {});
      await database.notify("bootlayer_test", "3");
      await expect.poll(() => heard).toEqual(["1", "3"]);
      await end();
    });
  });
});
