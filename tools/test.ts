/**
 * `npm test`: every check of the workspace, then one line that adds up all tests. Arguments go to `nx run-many`
 * (`npm test -- --projects=ext4-writer`).
 */
import { readFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { glob } from "node:fs/promises";
import { dirname } from "node:path";

const root = dirname(import.meta.dirname);
const results = "{packages,apps}/*/test-results/vitest.json";
const ownResults = "{tools,client-generator,test-fixtures}/test-results/vitest.json";

interface TestRun {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

async function resultFiles(): Promise<string[]> {
  return Array.fromAsync(glob([results, ownResults], { cwd: root }));
}

for (const file of await resultFiles()) rmSync(`${root}/${file}`);
const checks = [
  "run-many",
  "-t",
  "format",
  "lint",
  "typecheck",
  "build",
  "test",
  "longest-first",
  "--output-style=static",
  "--nxBail=false",
];
const { status } = spawnSync("nx", [...checks, ...process.argv.slice(2)], { cwd: root, stdio: "inherit" });

let [passed, failed, skipped] = [0, 0, 0];
for (const file of await resultFiles()) {
  const run = JSON.parse(await readFile(`${root}/${file}`, "utf8")) as TestRun;
  passed += run.numPassedTests;
  failed += run.numFailedTests;
  skipped += run.numPendingTests + run.numTodoTests;
  // A file that cannot be loaded has no tests to count as failed.
  if (!run.success && run.numFailedTests === 0) failed++;
}
process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = status === 0 && failed === 0 && passed > 0 ? 0 : 1;
