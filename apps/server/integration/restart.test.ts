import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { byteGate, type ByteGate } from "@bootlayer/test-fixtures";
import { expect, onTestFinished, test } from "vitest";
import { startServerProcess, type ServerProcess } from "./server-process.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { registryOf } from "./worker-fixture.ts";

interface Answer {
  readonly id: string;
  readonly state: string;
}

async function until(server: ServerProcess, id: string, state: string): Promise<Answer> {
  for (;;) {
    const answer = (await (await fetch(new URL(`v1/builds/${id}`, server.url))).json()) as Answer;
    if (answer.state === state || answer.state === "failed") return answer;
    await sleep(100);
  }
}

interface PullingServer {
  readonly server: ServerProcess;
  readonly directory: string;
  readonly flags: readonly string[];
  /** Of a build that pulls, until the gate is opened. */
  readonly id: string;
  readonly gate: ByteGate;
}

async function startPullingServer(drain: string): Promise<PullingServer> {
  const directory = await withEmptyDatabase(await mkdtemp(join(tmpdir(), "bootlayer-restart-")));
  const gate = byteGate();
  const registry = await registryOf(1, { gate });
  onTestFinished(async () => {
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  });
  const flags = ["--listen", "127.0.0.1:0", "--store", directory, "--private-sources", "--drain", drain];
  const server = await startServerProcess(flags);
  const response = await fetch(new URL("v1/builds", server.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ source: `${registry.host}/app0:1`, platform: "linux/amd64" }),
  });
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as Answer;
  await until(server, id, "pulling");
  return { server, directory, flags, id, gate };
}

test.for(["SIGKILL", "SIGTERM"] as const)(
  "a build that ran when the server was ended by %s is finished after the next start",
  async (signal) => {
    const { server: first, directory, flags, id, gate } = await startPullingServer("0s");
    expect(await (signal === "SIGKILL" ? first.kill() : first.end())).toBe(signal === "SIGKILL" ? null : 0);
    gate.open();
    const second = await startServerProcess(flags);
    expect(await until(second, id, "ready")).toMatchObject({ id, state: "ready" });
    expect(await second.end()).toBe(0);
    expect(await readdir(join(directory, "artifacts", "staging"))).toEqual([]);
    expect((await readdir(directory)).filter((name) => name.endsWith(".lock"))).toEqual([]);
  },
);

test("a second signal ends a server at once that still waits for its builds", async () => {
  const { server } = await startPullingServer("1h");
  const ended = server.end();
  // It drains: it is not ready any more, and has not ended.
  while ((await fetch(new URL("readyz", server.url))).status === 200) await sleep(50);
  // By the signal, that is without an exit code.
  expect(await server.end()).toBeNull();
  expect(await ended).toBeNull();
});
