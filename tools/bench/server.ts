/**
 * Loads `bootlayer serve` on loopback, with tokens, on the embedded database and on PostgreSQL: reads of an ended build's state and of all
 * its events, downloads of its disk, and watchers of a build that is under way. autocannon makes the load of reads; it would keep whole
 * disks in memory, so downloads are made here, and all are hashed. Takes three minutes.
 *
 *     npx nx run-many -t build -p cli server
 *     node --conditions=@bootlayer/source tools/bench/server.ts [--runs 3] [--seconds 4] [--database embedded|postgresql]
 *
 * Prints the tables of docs/performance.md: medians of the runs, and the server's largest RSS while each load lasted.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient, waitForBuild, type BootlayerClient } from "@bootlayer/client";
import { image, layerBlob, startRegistry, tarArchive } from "@bootlayer/test-fixtures";
import { atLeastOne, oneOf } from "../src/command-line.ts";
import { databaseKinds, startBenchServer, type BenchServer, type DatabaseKind } from "./bench-server.ts";
import { median } from "./measure.ts";
import { cannon, hashDownloads, openWatchers, percentiles, type Figures } from "./server-loads.ts";
import { printHead, printRow } from "./table.ts";

const { values } = parseArgs({
  options: {
    database: { type: "string" },
    runs: { type: "string", default: "3" },
    seconds: { type: "string", default: "4" },
    connections: { type: "string", default: "50" },
    watchers: { type: "string", default: "1000" },
    downloads: { type: "string", default: "100" },
    mebibytes: { type: "string", default: "16" },
  },
});
const runs = atLeastOne("--runs", values.runs);
const watchers = atLeastOne("--watchers", values.watchers);
const downloads = atLeastOne("--downloads", values.downloads);
const connections = atLeastOne("--connections", values.connections);
const seconds = atLeastOne("--seconds", values.seconds);
const diskMebibytes = atLeastOne("--mebibytes", values.mebibytes);
const kinds =
  values.database === undefined ? databaseKinds : [oneOf("--database", databaseKinds, values.database)];

const megabytes = ({ megabytesPerSecond }: Figures): string => `${Math.round(megabytesPerSecond)} MB`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** An image whose manifest the registry does not give out, so that a build of it stays under way. */
const heldName = "bench/held:1";
const readyName = "bench/ready:1";

async function startImages(): ReturnType<typeof startRegistry> {
  const content = randomBytes(diskMebibytes * 2 ** 20);
  return startRegistry({
    images: {
      [readyName]: image([layerBlob(tarArchive([{ name: "data", content }]), "gzip")]),
      [heldName]: image([layerBlob(tarArchive([{ name: "small", content: "x" }]), "gzip")]),
    },
    fault: ({ path }) => (path.includes("/bench/held/") ? { kind: "stall", afterBytes: 0 } : undefined),
  });
}

async function benchDatabase(kind: DatabaseKind, registry: string): Promise<void> {
  const store = await mkdtemp(join(tmpdir(), "bootlayer-bench-"));
  try {
    await using server = await startBenchServer(kind, store);
    const { url, token } = server;
    const client = createClient({ baseUrl: url, token });
    const id = await ask(client, `${registry}/${readyName}`);
    const { report } = await waitForBuild(client, id);
    // V8 has compiled the hot parts of the embedded database by then.
    await sleep(5000);
    const { now, peak } = await server.rss();
    print(
      `\n${kind}: RSS ${now} MiB after a build, ${peak} at the most so far; a disk of ${mebibytes(report?.bytes)}\n`,
    );
    printHead(["what", "at once", "a second", "p50 ms", "p99 ms", "peak RSS MiB"]);
    const load = async (what: string, path: string, status: number, ...further: string[]): Promise<void> => {
      const flags = ["-c", String(connections), "-d", String(seconds), ...further];
      const target = { url: `${url}/v1/builds/${id}${path}`, token };
      await row(server, what, String(connections), () => cannon(target, status, flags));
    };
    await load("state of a build", "", 200);
    await load("state, not changed since", "", 304, "-H", "if-none-match=*");
    await load("all events of a build", "/events", 200);
    const disk = { url: `${url}/v1/builds/${id}/image`, token };
    const made = { bytes: report?.bytes ?? 0, sha256: report?.sha256 ?? "" };
    const hashed = (): Promise<Figures> => hashDownloads(disk, made, downloads);
    await row(server, "download of a disk", values.downloads, hashed, megabytes);
    await row(
      server,
      "end of a build, to all who watch it",
      values.watchers,
      async () => {
        const watched = await ask(client, `${registry}/${heldName}`);
        return watchEnd(server, client, watched);
      },
      () => "",
    );
  } finally {
    await rm(store, { recursive: true, force: true });
  }
}

async function ask(client: BootlayerClient, source: string): Promise<string> {
  const { data } = await client.POST("/v1/builds", { body: { source, format: "ext4" } });
  if (data === undefined) throw new Error(`no build of ${source}`);
  return data.id;
}

/** From the request that cancels the build to its event at each watcher, all that the server writes for it included. */
async function watchEnd({ url, token }: BenchServer, client: BootlayerClient, id: string): Promise<Figures> {
  const opened = await openWatchers({ url: `${url}/v1/builds/${id}/events`, token }, "cancelled", watchers);
  const begin = performance.now();
  await client.POST("/v1/builds/{id}/cancel", { params: { path: { id } } });
  const delays = (await opened.seen).map((at) => at - begin);
  opened.close();
  return { perSecond: 0, megabytesPerSecond: 0, ...percentiles(delays) };
}

async function row(
  server: BenchServer,
  what: string,
  atOnce: string,
  run: () => Promise<Figures>,
  rate: (figures: Figures) => string = ({ perSecond }) => String(Math.round(perSecond)),
): Promise<void> {
  await server.forgetPeak();
  const all: Figures[] = [];
  while (all.length < runs) all.push(await run());
  const middle = (name: keyof Figures): number => median(all.map((figures) => figures[name]));
  const figures = {
    perSecond: middle("perSecond"),
    megabytesPerSecond: middle("megabytesPerSecond"),
    p50: middle("p50"),
    p99: middle("p99"),
  };
  const { peak } = await server.rss();
  const [p50, p99] = [Math.round(figures.p50), Math.round(figures.p99)];
  printRow([what, atOnce, rate(figures), String(p50), String(p99), String(peak)]);
}

function mebibytes(bytes = 0): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

const registry = await startImages();
try {
  for (const kind of kinds) await benchDatabase(kind, registry.host);
} finally {
  await registry.close();
}
