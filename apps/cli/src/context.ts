import type { Readable } from "node:stream";
import type { CommandContext, StricliProcess } from "@stricli/core";

/** What a command may touch of the world; tests put in their own. */
export interface CliContext extends CommandContext {
  readonly process: CliProcess;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Decides what the shell is told where nothing failed: a guest's exit code, or a doctor's word. */
  readonly endWith: (exitCode: number) => void;
}

export interface CliProcess extends StricliProcess {
  readonly env: Readonly<Partial<Record<string, string>>>;
  readonly stdin: InputStream;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

/** Standard input; of a terminal, keys one by one in raw mode. */
export type InputStream = Readable & {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
};

export interface TextStream {
  write(text: string | Uint8Array, written?: () => void): void;
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Of a terminal: `resize`. */
  on?(event: "resize", listener: () => void): unknown;
  off?(event: "resize", listener: () => void): unknown;
}
