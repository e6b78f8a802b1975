import { run } from "@stricli/core";
import { app } from "./app.ts";
import type { CliProcess } from "./context.ts";
import { exitCodes } from "./exit-code.ts";

const exitOnSignal = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
} as const;

/** Runs the command line of this process and sets its exit code. The first signal cancels, a second one kills. */
export async function runCommandLine(): Promise<void> {
  const controller = new AbortController();
  let signalled: keyof typeof exitOnSignal | undefined;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      signalled = signal;
      controller.abort(new Error(signal));
    });
  // A reader that has seen enough (`bootlayer ls ... | head`) is no failure.
  process.stdout.on("error", () => process.exit(exitCodes.success));
  let chosen: number = exitCodes.success;
  const cliProcess: CliProcess = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    exitCode: null,
  };
  await run(app, process.argv.slice(2), {
    process: cliProcess,
    signal: controller.signal,
    endWith: (exitCode) => (chosen = exitCode),
  });
  const exitCode = Number(cliProcess.exitCode);
  // Stricli says by a negative code that the command line itself was wrong.
  const own = exitCode < 0 ? exitCodes.usage : exitCode === 0 ? chosen : exitCode;
  process.exitCode = signalled === undefined ? own : exitOnSignal[signalled];
}
