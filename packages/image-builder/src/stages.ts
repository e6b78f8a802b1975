import { performance } from "node:perf_hooks";
import type { BuildEvent, BuildStage, StageReport } from "./events.ts";

/** Measures stages and reports them as they begin and end. */
export interface StageClock {
  /** Runs one stage; `work` answers with its result and the bytes it handled. */
  run<Result>(
    stage: BuildStage,
    work: () => Promise<{ readonly result: Result; readonly bytes: number }>,
  ): Promise<Result>;
  /** The stages that ended, in the order of their ends. */
  reports(): readonly StageReport[];
}

export function stageClock(onEvent: (event: BuildEvent) => void): StageClock {
  const reports: StageReport[] = [];
  return {
    async run(stage, work) {
      const start = performance.now();
      onEvent({ kind: "stage-started", stage });
      const { result, bytes } = await work();
      const seconds = (performance.now() - start) / 1000;
      reports.push({ stage, seconds, bytes });
      onEvent({ kind: "stage-finished", stage, seconds, bytes });
      return result;
    },
    reports: () => reports,
  };
}
