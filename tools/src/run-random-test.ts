import { spawnSync } from "node:child_process";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "../..");

/** A test of a package that draws its cases from a seed, run more often than CI has time for. */
export interface RandomTest {
  /** Of the project, from the workspace's. */
  readonly folder: string;
  /** The test's file, from there. */
  readonly file: string;
  /** Said to the test by environment variables, beside BOOTLAYER_RANDOM_RUNS and BOOTLAYER_RANDOM_SEED. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs it as often as the program's first argument says, with the seed of the second; ends as it ends. */
export function runRandomTest(
  test: RandomTest,
  usualRuns: number,
  args: readonly string[] = process.argv.slice(2),
): void {
  const [runs = String(usualRuns), seed = String(Date.now() % 2 ** 31)] = args;
  process.stdout.write(`seed ${seed}\n`);
  const { status } = spawnSync(
    process.execPath,
    [join(workspace, "node_modules/vitest/vitest.mjs"), "run", test.file, "--test-timeout=0"],
    {
      cwd: join(workspace, test.folder),
      env: {
        ...process.env,
        BOOTLAYER_REQUIRE_JUDGES: "1",
        BOOTLAYER_RANDOM_RUNS: runs,
        BOOTLAYER_RANDOM_SEED: seed,
        ...test.environment,
      },
      stdio: "inherit",
    },
  );
  process.exitCode = status ?? 1;
}
