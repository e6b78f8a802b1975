import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const source = fileURLToPath(new URL("program.ts", import.meta.url));
const program = fileURLToPath(new URL("../../test-results/kill-program.mjs", import.meta.url));

/** One file starts many times faster than the sources, and a process that is killed at once is of little use. */
export async function bundleProgram(): Promise<void> {
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@bootlayer/source"],
    banner: {
      js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
}

export interface Victim {
  readonly role: "pull" | "collect";
  /** Settles when it begins its work, or has ended. */
  readonly ready: Promise<unknown>;
  /** SIGKILL, now. Settles when it is gone. */
  kill(): Promise<void>;
}

export interface VictimOptions {
  readonly role: Victim["role"];
  readonly store: string;
  readonly host: string;
  readonly seed: number;
  readonly onLine: (line: string) => void;
}

/** Starts a process of its own, from source as the tests run. */
export function startVictim({ role, store, host, seed, onLine }: VictimOptions): Victim {
  const child = spawn(process.execPath, [program, role, store, host, `${seed}`], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(child, "close");
  const begun = Promise.withResolvers<void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") begun.resolve();
    else onLine(line);
  });
  return {
    role,
    ready: Promise.race([begun.promise, gone]),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
