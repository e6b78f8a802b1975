import { readFileSync } from "node:fs";
import type { GuestConsole } from "./guest-console.ts";

export interface SilenceWatch {
  readonly pid: number | undefined;
  readonly console: Pick<GuestConsole, "isSilent">;
  /** Seconds for a guest that keeps a processor busy; an idle one has three times as long. */
  readonly patience: number;
  /** With how long it was silent. */
  readonly onHung: (reason: string) => void;
}

/** Of the whole time, on one processor or more: so much is a spin, not a start. */
const busyShare = 0.5;
const idleFactor = 3;
/** sysconf(_SC_CLK_TCK), which Linux has fixed for programs (proc(5)). */
const ticksPerSecond = 100;

/**
 * Notices a KVM that takes a guest in and never runs it, as some nested ones do: it spins in the host's kernel, and not a byte
 * comes over the console.
 *
 * @returns what ends the watch.
 */
export function watchSilence({ pid, console, patience, onHung }: SilenceWatch): () => void {
  const idlePatience = patience * idleFactor;
  const timers = [
    setTimeout(() => {
      const isBusy = processorSeconds(pid) >= patience * busyShare;
      if (isBusy && console.isSilent()) onHung(`${silent(patience)}, and a processor was busy`);
    }, patience * 1000),
    setTimeout(() => {
      if (console.isSilent()) onHung(silent(idlePatience));
    }, idlePatience * 1000),
  ];
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

function silent(seconds: number): string {
  return `nothing came over the console for ${seconds} seconds`;
}

/** utime and stime of a process, all threads together (proc(5), /proc/PID/stat fields 14 and 15). */
function processorSeconds(pid: number | undefined): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return 0;
  }
}
