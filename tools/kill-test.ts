/**
 * Kills pulls and garbage collections at random instants, as the test of image-builder does, as often as wanted, and
 * prints what happened. The instants are drawn from the seed; what a process was at then is up to the machine.
 *
 *     node tools/kill-test.ts [KILLS, default 500] [SEED]
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runRandomTest } from "./src/run-random-test.ts";

const directory = mkdtempSync(join(tmpdir(), "bootlayer-kill-figures-"));
try {
  const figures = join(directory, "figures.json");
  const environment = { BOOTLAYER_KILL_FIGURES: figures };
  runRandomTest({ folder: "packages/image-builder", file: "integration/kill.test.ts", environment }, 500);
  process.stdout.write(`${readFileSync(figures, "utf8")}\n`);
} finally {
  rmSync(directory, { recursive: true });
}
