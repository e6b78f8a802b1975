import { createHash } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import {
  byteGate,
  requireJudge,
  requirePostgresql,
  startPostgresql,
  type ByteGate,
} from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test, vi } from "vitest";
import type { BuildAnswer } from "../src/http/build-answer.ts";
import { startServer, type RunningServer } from "../src/server.ts";
import type { ServerSettings } from "../src/settings.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";
import { registryOf } from "./worker-fixture.ts";

const run = promisify(execFile);
const postgresql = requirePostgresql();
const tools = requireJudge("pg_dump", "pg_restore");
const skip = postgresql.skip || tools.skip;

/** Leases and sweeps that do not keep a test waiting. */
const intervals = { leaseMilliseconds: 3000, sweepMilliseconds: 500 };

async function start(settings: ServerSettings): Promise<RunningServer> {
  const server = await startServer(settings, intervals);
  onTestFinished(() => server.close());
  return server;
}

async function registry(gate?: ByteGate): Promise<string> {
  const served = await registryOf(1, { ...(gate && { gate }) });
  onTestFinished(() => served.close());
  return `${served.host}/app0:1`;
}

async function ask(server: RunningServer, source: string): Promise<BuildAnswer & { status: number }> {
  const response = await fetch(new URL("v1/builds", server.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ source, platform: "linux/amd64" }),
  });
  return { ...((await response.json()) as BuildAnswer), status: response.status };
}

async function until(server: RunningServer, id: string, state: BuildAnswer["state"]): Promise<BuildAnswer> {
  return await vi.waitFor(
    async () => {
      const build = (await (await fetch(new URL(`v1/builds/${id}`, server.url))).json()) as BuildAnswer;
      expect(build).toMatchObject({ state });
      return build;
    },
    { timeout: 60_000, interval: 100 },
  );
}

/** The disk of a build, as its digest; or the status of an answer without one. */
async function download(server: RunningServer, { id }: Pick<BuildAnswer, "id">): Promise<string | number> {
  const response = await fetch(new URL(`v1/builds/${id}/image`, server.url));
  const bytes = Buffer.from(await response.arrayBuffer());
  return response.ok ? createHash("sha256").update(bytes).digest("hex") : response.status;
}

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-backup-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

test("a store's database, its id and its disks, copied while no server runs, are a server", async () => {
  const directory = await temporaryDirectory();
  const [old, copy] = [join(directory, "old"), join(directory, "copy")];
  await withEmptyDatabase(old);
  const first = await start(testSettings(old));
  const source = await registry();
  const made = await until(first, (await ask(first, source)).id, "ready");
  await first.close();
  for (const name of ["database", "server-id", "artifacts"])
    await cp(join(old, name), join(copy, name), { recursive: true });
  const second = await start(testSettings(copy));
  expect(await ask(second, source)).toMatchObject({ id: made.id, status: 200 });
  expect(await download(second, made)).toBe(made.report?.sha256);
  await until(second, (await ask(second, await registry())).id, "ready");
});

test.skipIf(skip)(
  `a dump of PostgreSQL and the disks are servers; what was under way is finished${postgresql.reason}${tools.reason}`,
  async () => {
    const directory = await temporaryDirectory();
    const server = await startPostgresql();
    onTestFinished(() => server.close());
    const gate = byteGate();
    const [source, slow] = [await registry(), await registry(gate)];
    const old = testSettings(join(directory, "old"), { databaseUrl: server.url });
    const first = await start(old);
    const made = await until(first, (await ask(first, source)).id, "ready");
    const running = await until(first, (await ask(first, slow)).id, "pulling");
    const dump = join(directory, "dump");
    await run("pg_dump", ["--format=custom", `--file=${dump}`, server.url]);
    await first.close();
    const disks = join(directory, "disks");
    await cp(join(old.store, "artifacts"), disks, { recursive: true });

    async function restore(name: string, artifacts: string): Promise<RunningServer> {
      const databaseUrl = await server.createDatabase(name);
      await run("pg_restore", ["--exit-on-error", "--no-owner", `--dbname=${databaseUrl}`, dump]);
      const settings = { databaseUrl, artifacts: { kind: "local", directory: artifacts } } as const;
      return await start(testSettings(join(directory, name), settings));
    }
    const second = await restore("restored", disks);
    expect(await ask(second, source)).toMatchObject({ id: made.id, status: 200 });
    expect(await download(second, made)).toBe(made.report?.sha256);
    gate.open();
    expect(await until(second, running.id, "ready")).toMatchObject({ id: running.id });
    await second.close();

    // Without the disks: what is not there is said to be gone, and made again when it is asked for again.
    const third = await restore("bare", join(directory, "empty"));
    expect(await download(third, made)).toBe(410);
    const again = await ask(third, source);
    expect(again).toMatchObject({ status: 202 });
    expect(await until(third, again.id, "ready")).toMatchObject({
      report: { sha256: made.report?.sha256 },
    });
  },
);
