/**
 * Random trees, as the test of squashfs-writer has the kernel and unsquashfs judge them, as many as wanted. As root.
 *
 *     node tools/random-squashfs.ts [RUNS, default 2000] [SEED]
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "..");
const seed = process.argv[3] ?? String(Date.now() % 2 ** 31);
process.stdout.write(`seed ${seed}\n`);
const { status } = spawnSync(
  process.execPath,
  [join(workspace, "node_modules/vitest/vitest.mjs"), "run", "integration/random-trees.test.ts"],
  {
    cwd: join(workspace, "packages/squashfs-writer"),
    env: {
      ...process.env,
      BOOTLAYER_REQUIRE_JUDGES: "1",
      BOOTLAYER_RANDOM_TREES: process.argv[2] ?? "2000",
      BOOTLAYER_RANDOM_SEED: seed,
    },
    stdio: "inherit",
  },
);
process.exitCode = status ?? 1;
