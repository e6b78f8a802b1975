import type { CliContext } from "../context.ts";
import type { ProgressMode } from "./modes.ts";
import { progressWriter, type ProgressWriter } from "./progress-writer.ts";

/** Shows on standard error how some work goes, and is silent when it has ended, however it ended. */
export async function withProgress<Result>(
  { process }: Pick<CliContext, "process">,
  mode: ProgressMode,
  work: (progress: ProgressWriter) => Promise<Result>,
): Promise<Result> {
  const progress = progressWriter(mode, process.stderr);
  try {
    return await work(progress);
  } finally {
    progress.close();
  }
}
