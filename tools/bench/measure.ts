import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What the system accounted to one run of a command and all processes it waited for. */
export interface Measurement {
  readonly wallSeconds: number;
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Peak resident set of the largest process, in MiB. */
  readonly peakMebibytes: number;
}

/** Runs a command under GNU time. Throws with its output if it fails. */
export function measure(command: readonly string[], cwd: string): Measurement {
  const directory = mkdtempSync(join(tmpdir(), "bench-"));
  const report = join(directory, "time");
  try {
    const { status, stderr, stdout, error } = spawnSync(
      "time",
      ["-f", "%e %U %S %M", "-o", report, ...command],
      { cwd, encoding: "utf8" },
    );
    if (error) throw new Error("GNU time is needed (Debian package time)", { cause: error });
    if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}\n${stdout}${stderr}`);
    const [wall = NaN, user = NaN, system = NaN, kibibytes = NaN] = readFileSync(report, "utf8")
      .trim()
      .split(" ")
      .map(Number);
    return { wallSeconds: wall, cpuSeconds: user + system, peakMebibytes: kibibytes / 1024 };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}
