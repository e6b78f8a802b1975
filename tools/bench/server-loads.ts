import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";

/** What is loaded: a URL of the server, and who asks. */
export interface Target {
  readonly url: string;
  readonly token: string;
}

/** Times in milliseconds. */
export interface Figures {
  readonly perSecond: number;
  readonly megabytesPerSecond: number;
  readonly p50: number;
  readonly p99: number;
}

interface CannonReport {
  readonly duration: number;
  readonly requests: { readonly total: number };
  readonly throughput: { readonly total: number };
  readonly latency: { readonly p50: number; readonly p99: number };
  readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
  readonly errors: number;
}

/** One run of autocannon, by its command line: it has no types. Throws where any answer is another than `status`. */
export async function cannon(
  { url, token }: Target,
  status: number,
  flags: readonly string[],
): Promise<Figures> {
  const program = join(import.meta.dirname, "../../node_modules/autocannon/autocannon.js");
  const args = [program, "--json", "-H", `authorization=Bearer ${token}`, ...flags, url];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  await once(child, "close");
  const { duration, requests, throughput, latency, statusCodeStats, errors } = JSON.parse(
    text,
  ) as CannonReport;
  const wrong = Object.keys(statusCodeStats).filter((answered) => answered !== String(status));
  if (errors > 0 || wrong.length > 0 || requests.total === 0)
    throw new Error(
      `${url}: ${errors} errors, ${requests.total} answers, of them ${JSON.stringify(statusCodeStats)}`,
    );
  return {
    perSecond: requests.total / duration,
    megabytesPerSecond: throughput.total / duration / 1e6,
    p50: latency.p50,
    p99: latency.p99,
  };
}

/** Downloads so many times at once, hashes what comes, and throws where one has other bytes. */
export async function hashDownloads(
  target: Target,
  { bytes, sha256 }: { readonly bytes: number; readonly sha256: string },
  count: number,
): Promise<Figures> {
  const begin = performance.now();
  const ended = await Promise.all(
    Array.from({ length: count }, async () => {
      if ((await digestOf(target)) !== sha256) throw new Error(`a download of ${target.url} has other bytes`);
      return performance.now() - begin;
    }),
  );
  const seconds = Math.max(...ended) / 1000;
  const perSecond = count / seconds;
  return { perSecond, megabytesPerSecond: (perSecond * bytes) / 1e6, ...percentiles(ended) };
}

/** Of times; 99 of 100 are p99 at the most. */
export function percentiles(times: readonly number[]): Pick<Figures, "p50" | "p99"> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function digestOf({ url, token }: Target): Promise<string> {
  const sent = request(url, { agent: false, headers: { authorization: `Bearer ${token}` } }).end();
  const [response] = (await once(sent, "response")) as [AsyncIterable<Uint8Array>];
  const hash = createHash("sha256");
  for await (const chunk of response) hash.update(chunk);
  return hash.digest("hex");
}

export interface Watchers {
  /** When each of them saw the event, by `performance.now`. */
  readonly seen: Promise<readonly number[]>;
  close(): void;
}

/** Opens event streams by hand, which wait for an event of a kind: a thousand fetches would measure themselves. */
export async function openWatchers(target: Target, kind: string, count: number): Promise<Watchers> {
  const all = Array.from({ length: count }, () => openWatcher(target, kind));
  await Promise.all(all.map(({ first }) => first));
  return {
    seen: Promise.all(all.map(({ seen }) => seen)),
    close() {
      for (const { socket } of all) socket.destroy();
    },
  };
}

function openWatcher(
  { url, token }: Target,
  kind: string,
): { socket: Socket; first: Promise<unknown>; seen: Promise<number> } {
  const { hostname, port, host, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  const first = once(socket, "data");
  const { promise: seen, resolve, reject } = Promise.withResolvers<number>();
  let tail = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    tail = (tail + text).slice(-4096 - text.length);
    if (tail.includes(`event: ${kind}\n`)) resolve(performance.now());
  });
  socket.on("error", reject).on("close", () => reject(new Error("a watcher was cut off")));
  socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n\r\n`);
  return { socket, first, seen };
}
