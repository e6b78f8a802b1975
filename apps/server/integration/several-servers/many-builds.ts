import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgresql } from "@bootlayer/test-fixtures";
import { Client } from "pg";
import { startServerProcess, type ServerProcess } from "../server-process.ts";
import { registryOf } from "../worker-fixture.ts";
import { noteMakings, readMakings, wrongMakings, type Kill, type Making } from "./making-history.ts";
import { openSharedDisks, stagedIn, type DiskPlace, type SharedDisks } from "./shared-disks.ts";

export interface ManyBuildsOptions {
  readonly directory: string;
  readonly artifacts: DiskPlace;
  readonly builds: number;
  /** Images that the builds are of: the fewer, the more duplicates. */
  readonly images: number;
  readonly servers: number;
  /** How often a server is killed, and started again, while builds are under way. */
  readonly kills: number;
  readonly random: () => number;
  readonly tell?: (line: string) => void;
}

export interface ManyBuildsResult {
  /** Of each build that was asked for: its state, and the code of its problem. */
  readonly ends: readonly BuildEnd[];
  /** Different builds among them: the others joined one. */
  readonly rows: number;
  /** Of the disks that the catalogue has. */
  readonly keys: readonly string[];
  /** Every time that a build had a key, in the order of beginning. */
  readonly makings: readonly Making[];
  /** What contradicts that each key was made once. */
  readonly wrongMakings: readonly string[];
  /** Disks whose bytes are not those of their digest, that are not there, or that no row tells of. */
  readonly wrongDisks: readonly string[];
  /** Leases, builds and jobs under way, staged files and uploads that nobody has any more. */
  readonly leavings: readonly string[];
}

interface BuildEnd {
  readonly id: string;
  readonly state: string;
  readonly code: string | undefined;
}

/** How long the queue needs to find that a job's worker is gone, and to have another look at it. */
const jobMilliseconds = 90_000;

const variants = [{}, { size: "+16M" }, { format: "squashfs" }, { guest: { hostname: "fleet" } }] as const;

/** Servers of one PostgreSQL and one place for disks, each with a store of its own, are asked for builds and killed at random. */
export async function manyBuilds(options: ManyBuildsOptions): Promise<ManyBuildsResult> {
  const { directory, random, tell = () => {} } = options;
  await using closing = new AsyncDisposableStack();
  const postgresql = await startPostgresql();
  closing.defer(() => postgresql.close());
  const registry = await registryOf(options.images, {
    bytesOf: () => 100_000 + Math.floor(random() * 5_900_000),
  });
  closing.defer(() => registry.close());
  const disks = await openSharedDisks(options.artifacts, directory);
  closing.defer(() => disks.close());
  const stores = Array.from({ length: options.servers }, (_, at) => join(directory, `server-${at}`));

  async function start(store: string): Promise<ServerProcess> {
    const flags = {
      "--listen": "127.0.0.1:0",
      "--store": store,
      "--database-url": postgresql.url,
      "--drain": "20s",
      "--log-level": "warn",
      "--concurrency": "2",
      ...disks.flags,
    };
    const switches = ["--private-sources", ...disks.switches];
    return await startServerProcess([...Object.entries(flags).flat(), ...switches], disks.environment);
  }
  const servers: ServerProcess[] = [];
  for (const store of stores) servers.push(await start(store));
  closing.defer(async () => {
    await Promise.all(servers.map((server) => server.end()));
  });
  const client = new Client({ connectionString: postgresql.url });
  await client.connect();
  closing.defer(() => client.end());
  await noteMakings(client);
  const began = performance.now();

  /** Of any server that answers: one may be killed just now. */
  async function ask<Answer>(path: string, init?: RequestInit): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const { url } = servers[Math.floor(random() * servers.length)] ?? { url: "" };
      try {
        const response = await fetch(new URL(path, url), init);
        if (response.ok) return (await response.json()) as Answer;
        if (response.status < 500 || attempt > 200) throw new Refused(await response.text());
      } catch (error) {
        if (error instanceof Refused || attempt > 200) throw error;
      }
      await sleep(200);
    }
  }

  async function askForBuild(): Promise<string> {
    await sleep(random() * 5000);
    // A few that cannot be: they fail for a reason.
    const image = random() < 0.05 ? "missing" : `app${Math.floor(random() * options.images)}`;
    const body = {
      // Requests of two names of an image do not join, and have the same key.
      source: `${registry.host}/${image}:${random() < 0.5 ? "1" : "same"}`,
      platform: "linux/amd64",
      ...variants[Math.floor(random() * variants.length)],
    };
    const { id } = await ask<{ id: string }>("/v1/builds", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return id;
  }

  async function killSome(): Promise<readonly Kill[]> {
    const kills: Kill[] = [];
    for (let kill = 0; kill < options.kills; kill++) {
      await sleep(1500 + random() * 3000);
      const at = Math.floor(random() * servers.length);
      const store = stores[at] ?? "";
      await servers[at]?.kill();
      kills.push({ serverId: (await readFile(join(store, "server-id"), "utf8")).trim(), at: new Date() });
      servers[at] = await start(store);
    }
    return kills;
  }

  const [kills, ids] = await Promise.all([
    killSome(),
    Promise.all(Array.from({ length: options.builds }, askForBuild)),
  ]);
  const ends: BuildEnd[] = [];
  for (const id of ids)
    for (;;) {
      const build = await ask<{ state: string; problem?: { code: string } }>(`/v1/builds/${id}`);
      if (["ready", "failed", "cancelled"].includes(build.state)) {
        ends.push({ id, state: build.state, code: build.problem?.code });
        break;
      }
      await sleep(300);
    }
  const seconds = (performance.now() - began) / 1000;

  const makings = await readMakings(client);
  const { rows: artifacts } = await client.query<{
    key: string;
    location: string;
    sha256: string;
    bytes: string;
  }>("SELECT build_key AS key, location, sha256, bytes FROM artifacts WHERE state = 'ready'");
  const lastKill = kills.at(-1)?.at ?? new Date(0);
  const staged = await Promise.all(stores.map((store) => stagedIn(join(store, "artifacts"))));
  const result: ManyBuildsResult = {
    ends,
    rows: new Set(ids).size,
    keys: artifacts.map(({ key }) => key),
    makings,
    wrongMakings: await wrongMakings(client, makings, kills),
    wrongDisks: await wrongDisks(disks, artifacts),
    leavings: [...(await rowsLeft(client)), ...staged.flat(), ...(await disks.leavings(lastKill))],
  };
  const ready = ends.filter(({ state }) => state === "ready").length;
  const bytes = artifacts.reduce((sum, artifact) => sum + Number(artifact.bytes), 0);
  const takenOver = makings.filter(({ end }) => end === "taken over").length;
  const { rows: lost } = await client.query("SELECT FROM builds WHERE lost_workers > 0");
  tell(
    `${options.artifacts}: ${ids.length} asked for, ${result.rows} builds, ${ready} ready, ${ids.length - ready} failed, ` +
      `${artifacts.length} disks of ${Math.round(bytes / 2 ** 20)} MiB, ${options.servers} servers, ${kills.length} kills, ${lost.length} builds lost their worker, ` +
      `${takenOver} makings taken over, ${seconds.toFixed(1)} s`,
  );
  return result;
}

class Refused extends Error {}

async function wrongDisks(
  disks: SharedDisks,
  artifacts: readonly { readonly location: string; readonly sha256: string }[],
): Promise<readonly string[]> {
  const found = await disks.digests();
  const told = new Map(artifacts.map(({ location, sha256 }) => [location, sha256]));
  return [
    ...[...told].filter(([location, sha256]) => found.get(location) !== sha256),
    ...[...found].filter(([location]) => !told.has(location)),
  ].map(([location]) => location);
}

async function rowsLeft(client: Client): Promise<readonly string[]> {
  const left = async (what: string, rows: string): Promise<readonly string[]> =>
    (await client.query<{ name: string }>(rows)).rows.map(({ name }) => `${what} ${name}`);
  const jobs = (): Promise<readonly string[]> =>
    left("job", "SELECT data->>'buildId' AS name FROM pgboss.job WHERE state < 'completed'");
  // Those of killed servers are given to others, who find that there is nothing to do.
  const patience = AbortSignal.timeout(jobMilliseconds);
  while ((await jobs()).length > 0 && !patience.aborted) await sleep(500);
  return [
    ...(await left("lease", "SELECT build_key AS name FROM artifacts WHERE state <> 'ready'")),
    ...(await left("build", "SELECT id AS name FROM builds WHERE ended_at IS NULL OR worker IS NOT NULL")),
    ...(await jobs()),
  ];
}
