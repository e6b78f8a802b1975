import type { Accelerator, BootOutcome } from "./boot-options.ts";
import type { ConsoleMark } from "./console-mark.ts";

/** What the marks of a whole run come to. */
export interface MarkReport {
  take(mark: ConsoleMark): void;
  outcome(accelerator: Accelerator): BootOutcome;
}

/**
 * The last exit mark counts: only the init speaks after the program's own output.
 *
 * @param began - when QEMU was started, by `performance.now()`.
 */
export function markReport(began: number): MarkReport {
  let start: { readonly guest: number; readonly host: number } | undefined;
  let exit: Extract<ConsoleMark, { kind: "exit" }> | undefined;
  let failure: string | undefined;
  const warnings: string[] = [];

  function take(mark: ConsoleMark): void {
    if (mark.kind === "start") start ??= { guest: mark.seconds, host: (performance.now() - began) / 1000 };
    else if (mark.kind === "exit") exit = mark;
    else if (mark.kind === "failed") failure ??= mark.reason;
    else if (mark.kind === "warning" && warnings.length < 100) warnings.push(mark.text);
  }

  return {
    take,
    outcome: (accelerator) => ({
      exitCode: exit?.code,
      signal: exit?.signal,
      outOfMemory: exit?.outOfMemory ?? false,
      startSeconds: start?.guest,
      hostStartSeconds: start?.host,
      accelerator,
      failure,
      warnings,
    }),
  };
}
