/**
 * Pulls and pushes through a proxy that lets requests go wrong, as the test of image-builder makes them, as many as wanted.
 *
 *     node tools/random-faults.ts [SCHEDULES, default 1000] [SEED]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "..");
const seed = process.argv[3] ?? String(Date.now() % 2 ** 31);
process.stdout.write(`seed ${seed}\n`);
const { status } = spawnSync(
  process.execPath,
  [
    join(workspace, "node_modules/vitest/vitest.mjs"),
    "run",
    "integration/random-faults.test.ts",
    "--test-timeout=0",
  ],
  {
    cwd: join(workspace, "packages/image-builder"),
    env: {
      ...process.env,
      BOOTLAYER_REQUIRE_JUDGES: "1",
      BOOTLAYER_RANDOM_FAULTS: process.argv[2] ?? "1000",
      BOOTLAYER_RANDOM_SEED: seed,
    },
    stdio: "inherit",
  },
);
process.exitCode = status ?? 1;
