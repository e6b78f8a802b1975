import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirePostgresql } from "@bootlayer/test-fixtures";
import { describe, expect, onTestFinished, test } from "vitest";
import { manyBuilds } from "./many-builds.ts";

const postgresql = requirePostgresql();

/** tools/several-servers.ts asks for more, with other seeds. */
const builds = Number(process.env["BOOTLAYER_RANDOM_RUNS"] ?? 20);
const seed = Number(process.env["BOOTLAYER_RANDOM_SEED"] ?? 42);

function randomOf(seed: number): () => number {
  let state = (seed % 2_147_483_646) + 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

describe.skipIf(postgresql.skip)(`several servers${postgresql.reason}`, () => {
  test(`${builds} builds of servers that are killed at random: each ends, no key is made twice, nothing is left`, async () => {
    const directory = await mkdtemp(join(tmpdir(), "bootlayer-servers-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const result = await manyBuilds({
      directory,
      builds,
      images: Math.ceil(builds / 5),
      servers: 2,
      kills: Math.ceil(builds / 10),
      random: randomOf(seed),
      tell: (line) => void process.stderr.write(`${line}\n`),
    });
    expect(result.ends).toHaveLength(builds);
    for (const { state, code } of result.ends)
      expect([state, code]).toEqual(
        state === "ready" ? ["ready", undefined] : ["failed", "REGISTRY_NOT_FOUND"],
      );
    // There were duplicates, and they joined.
    expect(result.rows).toBeLessThan(builds);
    expect([...result.makings.values()].filter((count) => count !== 1)).toEqual([]);
    expect(result.makings.size).toBe(result.keys);
    expect(result.wrongDisks).toEqual([]);
    expect(result.leavings).toEqual([]);
  });
});
