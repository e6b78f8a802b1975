import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { env } from "node:process";
import { setTimeout } from "node:timers/promises";
import { collectGarbage, openBlobStore, scrubStore } from "@bootlayer/blob-store";
import { startRegistry } from "@bootlayer/test-fixtures";
import { expect, test } from "vitest";
import { pullImage } from "../src/index.ts";
import { checkLayout } from "./kill/check-store.ts";
import { killImages } from "./kill/images.ts";
import { seededRandom } from "./kill/random.ts";
import { bundleProgram, startVictim, type Victim } from "./kill/victim.ts";

const kills = Number(env["BOOTLAYER_RANDOM_RUNS"] ?? 24);
const seed = Number(env["BOOTLAYER_RANDOM_SEED"] ?? 7);
/** All processes are killed at once, and every blob hashed, after so many kills. */
const killsPerCheck = Math.min(50, Math.ceil(kills / 2));
const roles: readonly Victim["role"][] = ["pull", "pull", "pull", "collect"];

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(directory, join(parentPath, name)));
}

test(`after ${kills} kills (seed ${seed}) of pulls and collections in 4 processes on one store, nothing is wrong`, async () => {
  const random = seededRandom(seed);
  const figures = {
    seed,
    kills: { pull: 0, collect: 0, beforeReady: 0 },
    pulls: 0,
    resumed: 0,
    resumedBytes: 0,
    restarted: 0,
    waited: 0,
    collections: 0,
    collectedBlobs: 0,
    collectedLeavings: 0,
    checks: 0,
    hashedBlobs: 0,
    ingestFilesAtChecks: 0,
    seconds: 0,
  };
  const failures: string[] = [];
  await bundleProgram();
  const images = killImages();
  const registry = await startRegistry({ images });
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-kill-"));
  const begun = performance.now();

  function onLine(line: string): void {
    const [what = "", first = "0", second = "0"] = line.split(" ");
    if (what === "pulled") figures.pulls++;
    else if (what === "ingest-waiting") figures.waited++;
    else if (what === "ingest-restarted") figures.restarted++;
    else if (what === "ingest-resumed") {
      figures.resumed++;
      figures.resumedBytes += Number(first);
    } else if (what === "collected") {
      figures.collections++;
      figures.collectedBlobs += Number(first);
      figures.collectedLeavings += Number(second);
    } else failures.push(line);
  }

  function start(role: Victim["role"]): Victim {
    const victimSeed = Math.floor(random() * 2 ** 31);
    return startVictim({ role, store: directory, host: registry.host, seed: victimSeed, onLine });
  }

  let left = kills;
  async function killAtRandom(victim: Victim): Promise<void> {
    // Some die while they start, the others in the middle of their work.
    const isEarly = random() < 0.1;
    if (!isEarly) await victim.ready;
    await setTimeout(random() * (isEarly ? 150 : 2500));
    figures.kills[victim.role]++;
    if (isEarly) figures.kills.beforeReady++;
    await victim.kill();
  }

  /** All four take from one iterator, so that a round has as many kills as it shall have. */
  async function killAgainAndAgain(role: Victim["role"], round: Iterator<unknown>): Promise<void> {
    while (round.next().done !== true) await killAtRandom(start(role));
  }

  try {
    while (left > 0) {
      const count = Math.min(left, killsPerCheck);
      left -= count;
      const round = Array.from({ length: count }).values();
      await Promise.all(roles.map((role) => killAgainAndAgain(role, round)));
      const { blobs, wrong } = await checkLayout(directory);
      failures.push(...wrong);
      figures.checks++;
      figures.hashedBlobs += blobs;
      figures.ingestFilesAtChecks += (await readdir(join(directory, ".bootlayer/ingest"))).length;
      expect(failures).toEqual([]);
    }

    const store = await openBlobStore(directory);
    expect(await scrubStore(store)).toMatchObject({ wrong: [], hurtImages: [] });
    // The next pull succeeds, of each image.
    for (const name of Object.keys(images))
      await pullImage({ source: `${registry.host}/${name}`, platform: "linux/amd64" }, { store: directory });
    const scrubbed = await scrubStore(store);
    expect(scrubbed).toMatchObject({ wrong: [], hurtImages: [] });
    expect((await checkLayout(directory)).wrong).toEqual([]);
    // What is left lies where it is expected, and goes.
    for (const file of await filesBelow(join(directory, ".bootlayer")))
      expect(file).toMatch(/^(?:ingest\/[^/]+\.partial|leases\/[^/]+|locks\/[^/]+)$/);
    await collectGarbage(store, { graceMilliseconds: 0 });
    expect(await filesBelow(join(directory, ".bootlayer"))).toEqual([]);
    const documents = Object.values(images).flatMap(({ manifestDescriptor, configDescriptor, layers }) => [
      manifestDescriptor.digest,
      configDescriptor.digest,
      ...layers.map(({ descriptor }) => descriptor.digest),
    ]);
    expect(await readdir(join(directory, "blobs/sha256"))).toHaveLength(new Set(documents).size);
  } finally {
    figures.seconds = Math.round((performance.now() - begun) / 1000);
    if (env["BOOTLAYER_KILL_FIGURES"] !== undefined)
      await writeFile(env["BOOTLAYER_KILL_FIGURES"], JSON.stringify({ ...figures, failures }, undefined, 2));
    await registry.close();
    await rm(directory, { recursive: true, force: true });
  }
  // Else nothing was killed in the middle of its work.
  expect(figures.pulls).toBeGreaterThan(0);
  expect(figures.collections).toBeGreaterThan(0);
}, 3_600_000);
