import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownerTag } from "@bootlayer/durable-file";
import { expect, onTestFinished, test, vi } from "vitest";
import type { BuildAnswer } from "../src/http/build-answer.ts";
import { startServer } from "../src/server.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";
import { registryOf } from "./worker-fixture.ts";

test("a server looks by itself, again and again, for disks that nobody wants and for what killed ones left", async () => {
  const store = await withEmptyDatabase(await mkdtemp(join(tmpdir(), "bootlayer-housekeeping-")));
  const registry = await registryOf(1);
  const settings = testSettings(store);
  const server = await startServer(
    { ...settings, retention: { ...settings.retention, unusedSeconds: 1 } },
    { retentionMilliseconds: 100 },
  );
  onTestFinished(async () => {
    await server.close();
    await registry.close();
    await rm(store, { recursive: true, force: true });
  });
  const ask = async (path: string, body?: object): Promise<BuildAnswer> => {
    const init = { method: "POST", headers: { "content-type": "application/json" } };
    const response = await fetch(new URL(path, server.url), {
      ...(body && { ...init, body: JSON.stringify(body) }),
    });
    return (await response.json()) as BuildAnswer;
  };
  const patience = { timeout: 60_000, interval: 100 };
  for (let round = 0; round < 2; round++) {
    const staging = join(store, "artifacts", "staging");
    const gone = spawnSync(process.execPath, ["--version"]).pid;
    const tag = ownerTag().replace(`-${process.pid}-`, `-${gone}-`);
    await mkdir(join(staging, `${"a".repeat(64)}.ext4.${tag}`));
    const { id } = await ask("/v1/builds", { source: `${registry.host}/app0:1`, platform: "linux/amd64" });
    await vi.waitFor(async () => {
      expect((await ask(`/v1/builds/${id}`)).state).toBe("ready");
    }, patience);
    await vi.waitFor(async () => {
      expect((await fetch(new URL(`/v1/builds/${id}/image`, server.url))).status).toBe(410);
      expect(await readdir(join(store, "artifacts"))).toEqual(["staging"]);
      expect(await readdir(staging)).toEqual([]);
    }, patience);
  }
});
