/** Why the server did not do what was asked (RFC 9457), or why no answer came. */
export interface Problem {
  /** 0: there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
}

export class ApiError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.name = "ApiError";
    this.problem = problem;
  }
}

export const noAnswer: Problem = {
  status: 0,
  code: "NO_ANSWER",
  title: "The server does not answer",
  detail: "No connection to the server could be made.",
  hint: "See whether bootlayer-server runs and whether this machine reaches it.",
};

/** What a person is told of anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  return {
    status: 0,
    code: "PAGE_FAULT",
    title: "This page has a fault",
    detail: error instanceof Error ? error.message : String(error),
    hint: "Please report it; reloading the page may help.",
  };
}

/** An answer that is no problem document (a proxy's, say) is told by its status. */
export function readProblem(status: number, body: unknown): Problem {
  const members = typeof body === "object" && body !== null ? body : {};
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(members, name);
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const title = text("title") ?? `The server answered with status ${status}`;
  return {
    status,
    code: text("code") ?? `HTTP_${status}`,
    title,
    detail: text("detail") ?? title,
    hint: text("hint") ?? "",
  };
}
