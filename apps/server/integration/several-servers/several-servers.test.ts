import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RADOSGW_TOOLS, requireJudge, requirePostgresql } from "@bootlayer/test-fixtures";
import { test } from "vitest";
import { manyBuilds } from "./many-builds.ts";

const postgresql = requirePostgresql();
const radosgw = requireJudge(...RADOSGW_TOOLS);

/** tools/several-servers.ts asks for more, with other seeds, and names one place. */
const { BOOTLAYER_RANDOM_RUNS: runs, BOOTLAYER_RANDOM_SEED: seed = "42" } = process.env;
const { BOOTLAYER_SEVERAL_SERVERS_ARTIFACTS: onlyIn } = process.env;
const places = [
  { artifacts: "directory", builds: Number(runs ?? 20), buildsOfEach: 8, ...postgresql },
  {
    artifacts: "s3",
    builds: Number(runs ?? 10),
    // Its objects are in memory.
    buildsOfEach: 16,
    skip: postgresql.skip || radosgw.skip,
    reason: postgresql.reason + radosgw.reason,
  },
] as const;

function randomOf(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

// At the same time: what takes long is that the queue finds out that the workers of its jobs are gone.
for (const { artifacts, builds, buildsOfEach, skip, reason } of places)
  test
    .skipIf(skip || (onlyIn ?? artifacts) !== artifacts)
    .concurrent(
      `${builds} builds of servers that share disks (${artifacts}) and are killed at random: each ends, no key is made twice, nothing is left${reason}`,
      async ({ expect, onTestFinished }) => {
        const directory = await mkdtemp(join(tmpdir(), "bootlayer-servers-"));
        onTestFinished(() => rm(directory, { recursive: true, force: true }));
        const result = await manyBuilds({
          directory,
          artifacts,
          builds,
          images: Math.ceil(builds / buildsOfEach),
          servers: builds > 100 ? 3 : 2,
          kills: Math.ceil(builds / 10),
          random: randomOf(Number(seed)),
          tell: (line) => void process.stderr.write(`${line}\n`),
        });
        expect(result.ends).toHaveLength(builds);
        for (const { state, code } of result.ends)
          expect([state, code]).toEqual(
            state === "ready" ? ["ready", undefined] : ["failed", "REGISTRY_NOT_FOUND"],
          );
        // There were duplicates, and they joined.
        expect(result.rows).toBeLessThan(builds);
        const made = result.makings.filter(({ end }) => end === "ready").map(({ key }) => key);
        expect(made.toSorted()).toEqual(result.keys.toSorted());
        expect(result.wrongMakings).toEqual([]);
        expect(result.wrongDisks).toEqual([]);
        expect(result.leavings).toEqual([]);
      },
    );
