import { ClientError } from "@bootlayer/client";

/** What a person is told of anything that was thrown. */
export interface Problem {
  /** 0: there was no answer. */
  readonly status: number;
  /** The server's own where it has said why. */
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ClientError) {
    const { status = 0, code, message, hint, problem } = error;
    return { status, code: problem?.code ?? code, detail: message, hint };
  }
  return {
    status: 0,
    code: "PAGE_FAULT",
    detail: `This page has a fault: ${error instanceof Error ? error.message : String(error)}`,
    hint: "Please report it; reloading the page may help.",
  };
}
