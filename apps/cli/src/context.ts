import type { CommandContext, StricliProcess } from "@stricli/core";

/** What a command may touch of the world; tests put in their own. */
export interface CliContext extends CommandContext {
  readonly process: CliProcess;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

export interface CliProcess extends StricliProcess {
  readonly env: Readonly<Partial<Record<string, string>>>;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

export interface TextStream {
  write(text: string): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}
