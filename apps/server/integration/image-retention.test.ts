import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { byteGate } from "@bootlayer/test-fixtures";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findArtifact } from "../src/catalogue/artifacts.ts";
import { askForBuild } from "../src/catalogue/ask-for-build.ts";
import { applyImageRetention, forgetImages } from "../src/catalogue/forget-images.ts";
import { startWorker, type BuildWorker } from "../src/queue/build-worker.ts";
import { openServerParts, type ServerParts } from "../src/server-parts.ts";
import type { ServerContext } from "../src/server-context.ts";
import { registryOf, untilBuild, untilEnded, workerContext } from "./worker-fixture.ts";
import { withEmptyDatabase } from "./template-database.ts";
import { testSettings } from "./test-settings.ts";

let directory = "";
let registry: Awaited<ReturnType<typeof registryOf>>;
let parts: ServerParts;
let context: ServerContext;
let worker: BuildWorker | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bootlayer-images-"));
  registry = await registryOf(2);
  parts = await openServerParts(
    testSettings(await withEmptyDatabase(directory)),
    new AbortController().signal,
  );
  ({ context } = parts);
  worker = await startWorker(workerContext(context));
});

afterAll(async () => {
  await worker?.drain(AbortSignal.abort());
  await parts[Symbol.asyncDispose]();
  await registry.close();
  await rm(directory, { recursive: true, force: true });
});

async function ask(source: string, size?: string): Promise<string> {
  const body = { source, platform: "linux/amd64", format: "ext4", size } as const;
  return (await askForBuild(context, body, { tokenId: undefined })).build.id;
}

/** That lets images go as soon as their builds have ended. */
function atOnce(): ServerContext {
  const { settings } = context;
  return { ...context, settings: { ...settings, retention: { ...settings.retention, imageSeconds: 0 } } };
}

async function names(): Promise<string[]> {
  const index = JSON.parse(await readFile(join(directory, "images", "index.json"), "utf8")) as {
    manifests: { annotations: Record<string, string> }[];
  };
  return index.manifests.map(({ annotations }) => annotations["org.opencontainers.image.ref.name"] ?? "");
}

async function blobs(): Promise<string[]> {
  return await readdir(join(directory, "images", "blobs", "sha256"));
}

test("an image that was pulled goes when no late build was of it, its blobs with it; its disk stays", async () => {
  const source = `${registry.host}/app0:1`;
  const build = await untilEnded(context, await ask(source));
  const name = `${source}@${build.manifestDigest}`;
  expect(await names()).toEqual([name]);
  expect(await applyImageRetention(context, { graceMilliseconds: 0 })).toEqual({
    forgotten: [],
    freedBytes: 0,
  });
  expect(await blobs()).toHaveLength(4);
  const { forgotten, freedBytes } = await applyImageRetention(atOnce(), { graceMilliseconds: 0 });
  expect(forgotten).toEqual([name]);
  expect(freedBytes).toBeGreaterThan(100_000);
  expect([await names(), await blobs()]).toEqual([[], []]);
  expect(await findArtifact(context.database.db, build.buildKey ?? "")).toBeDefined();
  const again = await untilEnded(context, await ask(source, "+64M"));
  expect(again).toMatchObject({ state: "ready", report: { cached: false } });
});

test("the image of a build under way stays, however late it is", async () => {
  const gate = byteGate();
  const slow = await registryOf(1, { gate });
  onTestFinished(() => slow.close());
  const id = await ask(`${slow.host}/app0:1`);
  await untilBuild(context, id, ({ state }) => state === "pulling");
  await applyImageRetention(atOnce(), { graceMilliseconds: 0 });
  gate.open();
  const build = await untilEnded(context, id);
  expect(build).toMatchObject({ state: "ready" });
  expect(await names()).toContain(`${slow.host}/app0:1@${build.manifestDigest}`);
});

test("where no time is given, an image goes as soon as its build has ended", async () => {
  await worker?.drain(AbortSignal.abort());
  worker = await startWorker(workerContext(atOnce()));
  await forgetImages(atOnce());
  const build = await untilEnded(context, await ask(`${registry.host}/app1:1`));
  expect(build).toMatchObject({ state: "ready" });
  while ((await names()).length > 0) await sleep(50);
});
