import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The CLI as users get it: one file. */
const bundle = join(import.meta.dirname, "../dist/bootlayer.mjs");

export interface CliRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input; absent: none. */
  readonly input?: string;
  /** Called with all of standard error so far, whenever more comes. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

export async function runCli(
  arguments_: readonly string[],
  { cwd, env, input, onStderr }: CliOptions = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [bundle, ...arguments_], {
    cwd,
    // Node warns on standard error of two wishes for colours that contradict each other.
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that ends without reading it breaks the pipe.
  child.stdin.on("error", () => {}).end(input ?? "");
  let [stdout, stderr] = ["", ""];
  let killed = false;
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    onStderr?.(stderr, (signal) => {
      // A second signal would end the CLI at once, as users expect of it.
      killed ||= child.kill(signal);
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child
    .on("error", reject)
    .on("close", (code, signal) =>
      code === null ? reject(new Error(`the CLI was ended by ${signal}\n${stderr}`)) : resolve(code),
    );
  return { exitCode: await promise, stdout, stderr };
}

/** What every build of a test says; the images are for linux/amd64 whatever this machine is. */
export interface CliBuild {
  readonly source: string;
  readonly output: string;
  readonly store: string;
  readonly flags?: readonly string[];
}

export function buildCli(
  { source, output, store, flags = [] }: CliBuild,
  options: CliOptions = {},
): Promise<CliRun> {
  const fixed = ["--platform", "linux/amd64", "--store", store];
  return runCli(["build", source, "-o", output, ...fixed, ...flags], options);
}

/** A directory for one test, with everything in it gone at the end. */
export async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "bootlayer-e2e-"));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
