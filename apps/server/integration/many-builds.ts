import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPostgresql } from "@bootlayer/test-fixtures";
import { Client } from "pg";
import { startServerProcess, type ServerProcess } from "./server-process.ts";
import { registryOf } from "./worker-fixture.ts";

export interface ManyBuildsOptions {
  readonly directory: string;
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
  readonly ends: readonly {
    readonly id: string;
    readonly state: string;
    readonly code: string | undefined;
  }[];
  /** Different builds among them: the others joined one. */
  readonly rows: number;
  readonly keys: number;
  /** How often each key was written as ready, by the events of its builds that were not answered from a disk that was there. */
  readonly makings: ReadonlyMap<string, number>;
  /** Disks whose bytes are not those of their digest, or that no row tells of. */
  readonly wrongDisks: readonly string[];
  /** Leases, jobs under way and staged files that nobody has any more. */
  readonly leavings: readonly string[];
  /** Builds that a killed server had under way, which another one has taken up, or the same when it was started again. */
  readonly takenOver: number;
  readonly seconds: number;
}

/** Servers of one PostgreSQL and one directory of disks, each with a store of its own, are asked for builds and killed at random. */
export async function manyBuilds(options: ManyBuildsOptions): Promise<ManyBuildsResult> {
  const { directory, random, tell = () => {} } = options;
  await using closing = new AsyncDisposableStack();
  const postgresql = await startPostgresql();
  closing.defer(() => postgresql.close());
  const registry = await registryOf(options.images, { bytes: 3_000_000 });
  closing.defer(() => registry.close());
  const artifacts = join(directory, "artifacts");

  async function start(at: number): Promise<ServerProcess> {
    const flags = {
      "--listen": "127.0.0.1:0",
      "--store": join(directory, `server-${at}`),
      "--artifacts": artifacts,
      "--database-url": postgresql.url,
      "--drain": "20s",
      "--log-level": "warn",
      "--concurrency": "2",
    };
    return await startServerProcess([...Object.entries(flags).flat(), "--private-sources"]);
  }
  const servers: ServerProcess[] = [];
  for (let at = 0; at < options.servers; at++) servers.push(await start(at));
  closing.defer(async () => {
    await Promise.all(servers.map((server) => server.end()));
  });
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

  const variants = [{}, { size: "+8M" }, { format: "squashfs" }] as const;
  const ids = await Promise.all(
    Array.from({ length: options.builds }, async () => {
      await sleep(random() * 5000);
      // A few that cannot be: they fail for a reason.
      const image = random() < 0.05 ? "missing" : `app${Math.floor(random() * options.images)}`;
      const body = {
        source: `${registry.host}/${image}:1`,
        platform: "linux/amd64",
        ...variants[Math.floor(random() * variants.length)],
      };
      const { id } = await ask<{ id: string }>("/v1/builds", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return id;
    }).concat(killSome()),
  );

  async function killSome(): Promise<string> {
    for (let kill = 0; kill < options.kills; kill++) {
      await sleep(1500 + random() * 3000);
      const at = Math.floor(random() * servers.length);
      await servers[at]?.kill();
      tell(`server ${at} killed`);
      servers[at] = await start(at);
    }
    return "";
  }

  const ends: { id: string; state: string; code: string | undefined }[] = [];
  for (const id of ids.filter((id) => id !== ""))
    for (;;) {
      const build = await ask<{ state: string; problem?: { code: string } }>(`/v1/builds/${id}`);
      if (["ready", "failed", "cancelled"].includes(build.state)) {
        ends.push({ id, state: build.state, code: build.problem?.code });
        break;
      }
      await sleep(300);
    }
  const seconds = (performance.now() - began) / 1000;

  const client = new Client({ connectionString: postgresql.url });
  await client.connect();
  closing.defer(() => client.end());
  const rowsOf = async (text: string): Promise<Record<string, string>[]> =>
    (await client.query(text)).rows as never;
  const makings = new Map(
    (
      await rowsOf(`SELECT data->>'key' AS key, count(*) AS count FROM build_events
        WHERE kind = 'ready' AND NOT (data->>'cached')::boolean GROUP BY 1`)
    ).map(({ key = "", count }) => [key, Number(count)]),
  );
  const disks = await rowsOf("SELECT location, sha256 FROM artifacts WHERE state = 'ready'");
  const wrongDisks: string[] = [];
  for (const { location = "", sha256 } of disks)
    if ((await sha256Of(join(artifacts, location))) !== sha256) wrongDisks.push(location);
  const known = new Set(disks.map(({ location }) => location));
  for (const name of await readdir(artifacts))
    if (name !== "staging" && !known.has(name)) wrongDisks.push(name);
  const result: ManyBuildsResult = {
    ends,
    rows: new Set(ends.map(({ id }) => id)).size,
    keys: disks.length,
    makings,
    wrongDisks,
    leavings: await leavings(artifacts, rowsOf),
    takenOver: (await rowsOf("SELECT id FROM builds WHERE lost_workers > 0")).length,
    seconds,
  };
  const ready = ends.filter(({ state }) => state === "ready").length;
  tell(
    `${ends.length} asked for, ${result.rows} builds, ${ready} ready, ${result.keys} disks, ${options.kills} kills, ` +
      `${result.takenOver} taken over, ${seconds.toFixed(1)} s`,
  );
  return result;
}

class Refused extends Error {}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function leavings(
  artifacts: string,
  rowsOf: (text: string) => Promise<Record<string, string>[]>,
): Promise<string[]> {
  const leases = await rowsOf("SELECT build_key AS what FROM artifacts WHERE state <> 'ready'");
  const unfinished = await rowsOf(
    "SELECT id AS what FROM builds WHERE ended_at IS NULL OR worker IS NOT NULL",
  );
  const staged = await readdir(join(artifacts, "staging")).catch(() => []);
  return [
    ...leases.map(({ what }) => `lease ${what}`),
    ...unfinished.map(({ what }) => `build ${what}`),
    ...staged.map((name) => `staged ${name}`),
  ];
}
