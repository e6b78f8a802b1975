import { isBootlayerError } from "@bootlayer/errors";
import { hasZodFastifySchemaValidationErrors } from "fastify-type-provider-zod";
import * as z from "zod";
import { ServerError } from "../errors.ts";
import { statusOf } from "./status-code.ts";

export const problemMediaType = "application/problem+json";

/** RFC 9457. `type` is absent, that is `about:blank`: programs decide by `code`. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  readonly requestId: string;
  readonly issues?: readonly ProblemIssue[] | undefined;
}

/** What does not fit the schema. */
export interface ProblemIssue {
  /** A JSON pointer. */
  readonly path: string;
  readonly message: string;
}

export const problemSchema: z.ZodType<Problem> = z
  .object({
    title: z.string().meta({ description: "What the status means", example: "Not Found" }),
    status: z.int().meta({ example: 404 }),
    code: z.string().meta({ description: "Stable: docs/errors.md lists all", example: "BUILD_NOT_FOUND" }),
    detail: z.string().meta({ description: "What is wrong, naming the input" }),
    hint: z.string().meta({ description: "What to do about it" }),
    requestId: z.string().meta({ description: "Names the request in the server's log" }),
    issues: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "What does not fit the schema, by JSON pointer" }),
  })
  .meta({ id: "Problem", description: "Why a request was not carried out (RFC 9457)" });

export interface ProblemAnswer {
  readonly status: number;
  readonly body: Problem;
  /** Whether it is the server's fault and belongs in the log, with its stack. */
  readonly unexpected: boolean;
}

/** Every error as what the client is told. Nothing that is not ours is quoted: stacks, paths and queries stay in the log. */
export function toProblem(error: unknown, requestId: string): ProblemAnswer {
  const known = isBootlayerError(error) ? error : knownError(error);
  const { code, message, hint } = known;
  const status = statusFor(known);
  const issues = hasZodFastifySchemaValidationErrors(error)
    ? error.validation.map(({ instancePath, message = "is invalid" }) => ({ path: instancePath, message }))
    : undefined;
  return {
    status,
    body: {
      title: titleOf(status),
      status,
      code,
      detail: code.startsWith("FILE_") ? "the server cannot read or write a file of its own" : message,
      hint: code.startsWith("FILE_") ? "whoever runs the server finds the reason in its log" : hint,
      requestId,
      ...(issues && { issues }),
    },
    unexpected: status >= 500 && status !== 502 && code !== "SERVER_STOPPING",
  };
}

/** An error carries a status of its own where one code has several, as TOKEN_REFUSED: 401, or 403 for a scope that lacks. */
function statusFor(error: { readonly code: string }): number {
  // An error of a registry carries the status that the registry answered, which is not this server's.
  const own: unknown = error instanceof ServerError ? Reflect.get(error, "status") : undefined;
  return typeof own === "number" && Number.isInteger(own) && own >= 400 && own <= 599
    ? own
    : statusOf(error.code);
}

/** What Fastify and Node throw about a request, in our words. */
function knownError(error: unknown): ServerError {
  const code = property(error, "code");
  const status = property(error, "statusCode");
  if (hasZodFastifySchemaValidationErrors(error)) {
    const { validationContext = "request", validation } = error;
    const wrong = validation.map(({ instancePath, message }) => `${instancePath}: ${message}`).join("; ");
    const detail = `the ${contexts[validationContext] ?? validationContext} is wrong: ${wrong}`;
    return new ServerError("REQUEST_INVALID", detail.slice(0, 2000), "see /v1/openapi.json");
  }
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new ServerError("REQUEST_TOO_LARGE", "the body is larger than the limit", "send less");
  if (status === 429)
    return new ServerError(
      "REQUEST_RATE_LIMITED",
      "too many requests",
      "come again after the time that Retry-After says",
    );
  if (error instanceof Error && typeof status === "number" && status >= 400 && status < 500)
    return Object.assign(new ServerError("REQUEST_INVALID", error.message, "see /v1/openapi.json"), {
      status,
    });
  return new ServerError(
    "INTERNAL",
    "a fault of the server itself",
    "tell whoever runs the server, with the requestId",
    { cause: error },
  );
}

const contexts: Readonly<Record<string, string>> = { querystring: "query", params: "path" };

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** What a status of 400 and above is called (RFC 9110, section 15). */
export function titleOf(status: number): string {
  return titles[status] ?? "Error";
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  507: "Insufficient Storage",
};
