/**
 * Kills pulls and garbage collections at random instants, as the test of image-builder does, as often as wanted, and
 * prints what happened. The instants are drawn from the seed; what a process was at then is up to the machine.
 *
 *     node tools/kill-test.ts [KILLS, default 500] [SEED]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "..");
const seed = process.argv[3] ?? String(Date.now() % 2 ** 31);
process.stdout.write(`seed ${seed}\n`);
const directory = mkdtempSync(join(tmpdir(), "bootlayer-kill-figures-"));
const figures = join(directory, "figures.json");
const { status } = spawnSync(
  process.execPath,
  [join(workspace, "node_modules/vitest/vitest.mjs"), "run", "integration/kill.test.ts"],
  {
    cwd: join(workspace, "packages/image-builder"),
    env: {
      ...process.env,
      BOOTLAYER_KILLS: process.argv[2] ?? "500",
      BOOTLAYER_KILL_SEED: seed,
      BOOTLAYER_KILL_FIGURES: figures,
    },
    stdio: "inherit",
  },
);
process.stdout.write(`${readFileSync(figures, "utf8")}\n`);
rmSync(directory, { recursive: true });
process.exitCode = status ?? 1;
