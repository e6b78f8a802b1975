/**
 * Loads a server on loopback, in a process of its own, with an ended build and one that is under way: reads of a build's state, reads of
 * its events, watchers of one build, downloads of one disk.
 *
 *     node --conditions=@bootlayer/source tools/bench/server.ts [--seconds 10] [--watchers 1000] [--downloads 100] [--mebibytes 64]
 *
 * Prints the table of docs/performance.md: requests a second, latencies by autocannon in milliseconds, and the server's RSS.
 */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { createClient, waitForBuild } from "@bootlayer/client";
import { image, layerBlob, startRegistry, tarArchive } from "@bootlayer/test-fixtures";

const root = join(import.meta.dirname, "../..");
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "10" },
    watchers: { type: "string", default: "1000" },
    downloads: { type: "string", default: "100" },
    mebibytes: { type: "string", default: "64" },
  },
});
const [seconds, watchers, downloads, mebibytes] = [
  Number(values.seconds),
  Number(values.watchers),
  Number(values.downloads),
  Number(values.mebibytes),
];

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** One run of autocannon, by its command line: it has no types. */
async function cannon(url: string, connections: number, further: readonly string[] = []): Promise<Figures> {
  const program = join(root, "node_modules/autocannon/autocannon.js");
  const args = [program, "--json", "-c", String(connections), ...further, url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(child, "close");
  return JSON.parse(text) as Figures;
}

interface Figures {
  readonly requests: { readonly average: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly throughput: { readonly average: number };
  readonly non2xx: number;
  readonly errors: number;
}

async function rssOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024);
}

function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

/** Opens an event stream by hand and answers when an event of the kind has come: a thousand fetches would measure themselves. */
function watcher(url: URL, kind: string): { socket: Socket; first: Promise<unknown>; seen: Promise<number> } {
  const socket = connect(Number(url.port), url.hostname);
  const first = once(socket, "data");
  const { promise: seen, resolve, reject } = Promise.withResolvers<number>();
  let tail = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    tail = (tail + text).slice(-4096 - text.length);
    if (tail.includes(`event: ${kind}\n`)) resolve(performance.now());
  });
  socket.on("error", reject).on("close", () => reject(new Error("a watcher was cut off")));
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`);
  return { socket, first, seen };
}

const directory = await mkdtemp(join(tmpdir(), "bootlayer-bench-"));
let isHeld = true;
const content = randomBytes(mebibytes * 2 ** 20);
const ready = image([layerBlob(tarArchive([{ name: "data", content }]), "gzip")]);
const held = image([layerBlob(tarArchive([{ name: "small", content: "x" }]), "gzip")]);
const registry = await startRegistry({
  images: { "bench/ready:1": ready, "bench/held:1": held },
  // The second image's name is not answered while its watchers come.
  fault: ({ path }) =>
    isHeld && path.includes("/bench/held/") ? { kind: "stall", afterBytes: 0 } : undefined,
});
const server = spawn(
  process.execPath,
  [
    "--conditions=@bootlayer/source",
    join(root, "apps/server/src/main.ts"),
    "--store",
    join(directory, "store"),
    "--listen",
    "127.0.0.1:0",
    "--requests-per-minute",
    "100000000",
    "--private-sources",
  ],
  { stdio: ["ignore", "pipe", "ignore"] },
);
try {
  const [line] = (await once(createInterface(server.stdout), "line")) as [string];
  const url = /http:\S+?(?=\/?$)/.exec(line)?.[0] ?? "";
  const client = createClient({ baseUrl: url });
  const ask = async (name: string): Promise<string> => {
    const { data } = await client.POST("/v1/builds", {
      body: { source: `${registry.host}/${name}`, format: "ext4" },
    });
    return data?.id ?? "";
  };
  const id = await ask("bench/ready:1");
  const { report } = await waitForBuild(client, id);
  print(`disk of ${Math.round((report?.bytes ?? 0) / 2 ** 20)} MiB, idle RSS ${await rssOf(server.pid)} MiB`);
  print("| what | at once | a second | p50 ms | p99 ms | RSS MiB |");
  print("| --- | --- | --- | --- | --- | --- |");
  const row = async (what: string, connections: number, figures: Figures): Promise<void> => {
    if (figures.errors > 0 || figures.non2xx > 0)
      throw new Error(`${what}: ${figures.errors} errors, ${figures.non2xx} refusals`);
    const { requests, latency } = figures;
    print(
      `| ${what} | ${connections} | ${Math.round(requests.average)} | ${latency.p50} | ${latency.p99} | ${await rssOf(server.pid)} |`,
    );
  };
  await row("state of a build", 50, await cannon(`${url}/v1/builds/${id}`, 50, ["-d", String(seconds)]));
  await row(
    "all events of a build",
    50,
    await cannon(`${url}/v1/builds/${id}/events`, 50, ["-d", String(seconds)]),
  );
  const once_ = ["-a", String(downloads), "-t", "600"];
  await row("downloads", downloads, await cannon(`${url}/v1/builds/${id}/image`, downloads, once_));

  const watched = await ask("bench/held:1");
  const address = new URL(`${url}/v1/builds/${watched}/events`);
  const all = Array.from({ length: watchers }, () => watcher(address, "cancelled"));
  await Promise.all(all.map(({ first }) => first));
  const rss = await rssOf(server.pid);
  isHeld = false;
  const begin = performance.now();
  await client.POST("/v1/builds/{id}/cancel", { params: { path: { id: watched } } });
  const delays = (await Promise.all(all.map(({ seen }) => seen)))
    .map((at) => at - begin)
    .toSorted((a, b) => a - b);
  print(
    `| a cancel seen by its watchers | ${watchers} | | ${percentile(delays, 0.5)} | ${percentile(delays, 0.99)} | ${rss} |`,
  );
  for (const { socket } of all) socket.destroy();
} finally {
  server.kill("SIGTERM");
  await once(server, "close");
  await registry.close();
  await rm(directory, { recursive: true, force: true });
}
