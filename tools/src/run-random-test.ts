import { atLeastOne } from "./command-line.ts";
import { runTest, type TestRun } from "./run-test.ts";

/**
 * Runs a test that draws its cases from a seed, more often than CI has time for: as often as the program's first argument says, with the
 * seed of the second. They are said to the test by BOOTLAYER_RANDOM_RUNS and BOOTLAYER_RANDOM_SEED.
 */
export function runRandomTest(
  test: TestRun,
  usualRuns: number,
  args: readonly string[] = process.argv.slice(2),
): void {
  const [runs = String(usualRuns), seed = String(Date.now() % 2 ** 31)] = args;
  atLeastOne("RUNS", runs);
  process.stdout.write(`seed ${seed}\n`);
  const environment = { ...test.environment, BOOTLAYER_RANDOM_RUNS: runs, BOOTLAYER_RANDOM_SEED: seed };
  runTest({ ...test, environment });
}
