import { performance } from "node:perf_hooks";
import type { BuildEvent, BuildStage, StageReport } from "./events.ts";

/** Measures stages and reports them as they begin and end. */
export interface StageClock {
  /** Seconds since the work began. */
  now(): number;
  /** Runs one stage; `work` answers with its result and the bytes it handled. */
  run<Result>(
    stage: BuildStage,
    work: () => Promise<{ readonly result: Result; readonly bytes: number }>,
  ): Promise<Result>;
  /** The stages that ended, in the order of their ends. */
  reports(): readonly StageReport[];
}

export function stageClock(onEvent: (event: BuildEvent) => void): StageClock {
  const beginning = performance.now();
  const reports: StageReport[] = [];
  const now = (): number => (performance.now() - beginning) / 1000;
  return {
    now,
    async run(stage, work) {
      const start = now();
      onEvent({ kind: "stage-started", stage });
      const { result, bytes } = await work();
      const end = now();
      const report = { stage, start, end, seconds: end - start, bytes };
      reports.push(report);
      onEvent({ kind: "stage-finished", ...report });
      return result;
    },
    reports: () => reports,
  };
}
