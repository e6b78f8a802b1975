import { spawnSync } from "node:child_process";
import { join } from "node:path";

const workspace = join(import.meta.dirname, "../..");

/** A test of a project, run as CI does not run it. */
export interface TestRun {
  /** Of the project, from the workspace's. */
  readonly folder: string;
  /** The test's file, from there. */
  readonly file: string;
  /** Said to the test by environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs it by the Node that runs this, with no limit of time but the test's own; the process ends as it ends. */
export function runTest({ folder, file, environment }: TestRun): void {
  const { status } = spawnSync(
    process.execPath,
    [join(workspace, "node_modules/vitest/vitest.mjs"), "run", file, "--test-timeout=0"],
    {
      cwd: join(workspace, folder),
      env: { ...process.env, BOOTLAYER_REQUIRE_JUDGES: "1", ...environment },
      stdio: "inherit",
    },
  );
  process.exitCode = status ?? 1;
}
