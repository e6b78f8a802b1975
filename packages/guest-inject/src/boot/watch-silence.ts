import { readFileSync } from "node:fs";
import type { GuestConsole } from "./guest-console.ts";

export interface SilenceWatch {
  readonly pid: number | undefined;
  readonly console: Pick<GuestConsole, "isSilent">;
  /** Seconds for a QEMU that keeps a processor busy; an idle one has three times as long. */
  readonly patience: number;
  /** With what was seen. */
  readonly onHung: (reason: string) => void;
}

const idleFactor = 3;

/**
 * Notices a KVM that takes a guest in and never runs it, as some nested ones do: a thread spins in the host's kernel, no time passes
 * in the guest, and not a byte comes over the console. A guest that runs and is silent is left alone.
 *
 * @returns what ends the watch.
 */
export function watchSilence({ pid, console, patience, onHung }: SilenceWatch): () => void {
  const lookAfter = (seconds: number, leastBusySeconds: number): NodeJS.Timeout =>
    setTimeout(() => {
      const times = processTimes(pid);
      if (console.isSilent() && times.busy >= leastBusySeconds && !hasRunGuest(times))
        onHung(`nothing came over the console for ${seconds} seconds, and no guest was run`);
    }, seconds * 1000);
  // Half of the time, on any processor: so much is a spin, not a start.
  const timers = [lookAfter(patience, patience / 2), lookAfter(patience * idleFactor, 0)];
  return () => {
    for (const timer of timers) clearTimeout(timer);
  };
}

/** Seconds of a process, all threads together. */
export interface ProcessTimes {
  /** In the process and in the kernel for it, that in the guest included. */
  readonly busy: number;
  /** In the guest, on a virtual processor. */
  readonly guest: number;
}

/** A kernel's start takes more than this; a spin around a guest that cannot be entered has little of it, or nothing. */
export function hasRunGuest({ busy, guest }: ProcessTimes): boolean {
  return guest > 0.05 && guest > busy / 10;
}

/** sysconf(_SC_CLK_TCK), which Linux has fixed for programs (proc(5)). */
const ticksPerSecond = 100;

/** utime, stime and guest_time of /proc/PID/stat (proc(5), fields 14, 15 and 43); a process that is gone has none. */
export function processTimes(pid: number | undefined): ProcessTimes {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses, and may hold anything; what follows begins with the third.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const seconds = (field: number): number => Number(fields[field - 3]) / ticksPerSecond;
    return { busy: seconds(14) + seconds(15), guest: seconds(43) };
  } catch {
    return { busy: 0, guest: 0 };
  }
}
