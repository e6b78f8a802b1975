import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startPostgresql } from "@bootlayer/test-fixtures";

export const databaseKinds = ["embedded", "postgresql"] as const;
export type DatabaseKind = (typeof databaseKinds)[number];

/** A server in a process of its own, with tokens, as `bootlayer serve` runs it. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  rss(): Promise<{ readonly now: number; readonly peak: number }>;
  /** From now on `peak` is of what comes. */
  forgetPeak(): Promise<void>;
}

const program = join(import.meta.dirname, "../../apps/cli/dist/bootlayer.mjs");

export async function startBenchServer(kind: DatabaseKind, store: string): Promise<BenchServer> {
  await using starting = new AsyncDisposableStack();
  const flags = ["--store", store, "--listen", "127.0.0.1:0", "--tokens", "--private-sources"];
  flags.push("--requests-per-minute", "100000000");
  if (kind === "postgresql") {
    const postgresql = await startPostgresql();
    starting.defer(() => postgresql.close());
    flags.push("--database-url", postgresql.url);
  }
  const child = spawn(process.execPath, [program, "serve", ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const ended = once(child, "close");
  starting.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  const lines = createInterface(child.stdout);
  const [line] = (await Promise.race([once(lines, "line"), ended.then(() => [""])])) as [string];
  const [url] = /http:\S+?(?=\/?$)/.exec(line) ?? [];
  if (url === undefined)
    throw new Error("the server did not start: is it built? npx nx run-many -t build -p cli server");
  const token = (await readFile(join(store, "admin-token"), "utf8")).trim();
  const started = starting.move();
  return {
    url,
    token,
    async rss() {
      const status = await readFile(`/proc/${child.pid ?? 0}/status`, "utf8");
      const mebibytes = (name: string): number =>
        Math.round(Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]) / 1024);
      return { now: mebibytes("VmRSS"), peak: mebibytes("VmHWM") };
    },
    // proc(5): 5 resets the peak.
    forgetPeak: () => writeFile(`/proc/${child.pid ?? 0}/clear_refs`, "5"),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
