import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runTool } from "../judges/run-tool.ts";
import { listen, stop } from "../registry/listen.ts";
import { judgePath } from "../require-judge.ts";

/** What `requireJudge` asks for before `startRadosgw`: Debian's ceph-mon, ceph-osd and radosgw. */
export const RADOSGW_TOOLS = [
  "ceph",
  "ceph-mon",
  "ceph-osd",
  "monmaptool",
  "radosgw",
  "radosgw-admin",
] as const;

export interface Radosgw {
  /** `http://127.0.0.1:PORT`; buckets are paths, and there is none yet. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly close: () => Promise<void>;
}

const startMilliseconds = 120_000;

/**
 * Starts Ceph's S3 server on loopback, with one monitor and one object store in memory behind it. It takes about eight seconds and 150
 * MiB, so start one for a whole file of tests.
 */
export async function startRadosgw(): Promise<Radosgw> {
  await using starting = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-radosgw-"));
  starting.defer(() => rm(directory, { recursive: true, force: true }));
  const [monitor, gateway] = [await freeHost(), await freeHost()];
  const [cluster, store] = [randomUUID(), randomUUID()];
  const keys = { accessKeyId: "fixture", secretAccessKey: randomUUID() };
  const conf = join(directory, "ceph.conf");
  await writeFile(conf, configuration(directory, cluster, monitor));
  for (const name of ["mon", "osd", "rgw"]) await mkdir(join(directory, name));

  const run = (program: string, ...args: string[]): Promise<string> =>
    runTool(program, ["-c", conf, ...args]);
  const start = async (program: string, ...args: string[]): Promise<void> => {
    starting.use(await daemon(directory, program, ["-c", conf, "-f", ...args]));
  };
  const map = join(directory, "monmap");
  await runTool("monmaptool", ["--create", "--addv", "a", `[v2:${monitor}]`, "--fsid", cluster, map]);
  await run("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
  await start("ceph-mon", "-i", "a");
  await run("ceph", "osd", "new", store);
  await run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store);
  await start("ceph-osd", "-i", "0");
  const secrets = [`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`];
  await run("radosgw-admin", "user", "create", "--uid=fixture", "--display-name=fixture", ...secrets);
  await start("radosgw", `--rgw-frontends=beast endpoint=${gateway}`);
  const endpoint = `http://${gateway}`;
  await untilItAnswers(endpoint, join(directory, "radosgw.log"));
  const started = starting.move();
  return { endpoint, region: "us-east-1", ...keys, close: () => started.disposeAsync() };
}

/** Its only place is memory and nobody is to be kept out, so everything is as small and as quick as it goes. */
function configuration(directory: string, cluster: string, monitor: string): string {
  return [
    "[global]",
    `fsid = ${cluster}`,
    `mon host = v2:${monitor}`,
    "public addr = 127.0.0.1",
    "cluster addr = 127.0.0.1",
    ...["cluster", "service", "client"].map((what) => `auth ${what} required = none`),
    // Without keys there is nothing to encrypt with, and the default asks for it between some of them.
    ...["mon client", "mon cluster", "mon service", "client"].map((what) => `ms ${what} mode = crc`),
    "ms bind msgr1 = false",
    `run dir = ${directory}`,
    "admin socket =",
    "log file =",
    "pid file =",
    `keyring = ${directory}/keyring`,
    ...["mon", "osd", "rgw"].map((what) => `${what} data = ${directory}/${what}`),
    "osd objectstore = memstore",
    "memstore device bytes = 8589934592",
    "osd pool default size = 1",
    "osd pool default min size = 1",
    "osd pool default pg num = 1",
    "osd pool default pgp num = 1",
    "osd pool default pg autoscale mode = off",
    "osd crush chooseleaf type = 0",
    "mon allow pool size one = true",
    "mon data avail crit = 1",
    "mon data avail warn = 1",
    "paxos propose interval = 0.01",
    "paxos min wait = 0.01",
    "",
  ].join("\n");
}

/** Ceph's monitors must be told their port beforehand. */
async function freeHost(): Promise<string> {
  const server = createServer();
  const host = await listen(server);
  await stop(server);
  return host;
}

async function daemon(directory: string, program: string, args: readonly string[]): Promise<AsyncDisposable> {
  const log = await open(join(directory, `${program}.log`), "a");
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: judgePath(), LC_ALL: "C" },
    stdio: ["ignore", log.fd, log.fd],
  });
  await log.close();
  return { [Symbol.asyncDispose]: () => killed(child) };
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once("close", resolve);
    // Nothing of it is kept: it need not end well.
    child.kill("SIGKILL");
  });
}

async function untilItAnswers(endpoint: string, log: string): Promise<void> {
  for (const end = Date.now() + startMilliseconds; Date.now() < end;) {
    const answer = await fetch(endpoint).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok === true) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  throw new Error(`radosgw does not answer:\n${await readFile(log, "utf8")}`);
}
