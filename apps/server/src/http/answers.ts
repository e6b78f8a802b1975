import type { FastifyReply } from "fastify";
import * as z from "zod";
import { problemMediaType, problemSchema, type Problem } from "./problem.ts";

/** What the statuses of problems mean here, for the document. */
const meanings = {
  400: "The request is malformed",
  401: "A token is missing or not known",
  403: "The token, the registry or a rule of the server refuses this",
  404: "There is no such thing",
  406: "The client takes no form that there is",
  409: "It is not in a state for this",
  410: "The disk was removed",
  412: "A precondition does not hold",
  413: "The body is too large",
  415: "The body is not JSON",
  416: "The range is behind the end, or more than one",
  422: "The image cannot be read or does not fit",
  429: "Too many requests or builds: Retry-After says when to come again, where that is known",
  500: "A fault of the server itself",
  502: "The registry, or the place of the disks, fails",
  503: "The database does not answer, or the server is being stopped",
  507: "There is no room for another disk",
} as const;
type ProblemStatus = keyof typeof meanings;

/** That any route can answer with. */
const everywhere = [400, 401, 403, 429, 500, 503] as const;

export interface Content<Schema> {
  readonly description: string;
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
}

type ProblemContent<Status extends ProblemStatus> = Record<
  Status | (typeof everywhere)[number],
  Content<z.ZodType<Problem>>
>;

/** The problems that a route answers with beside those of every route. */
export function problems<const Status extends ProblemStatus>(
  ...statuses: readonly Status[]
): ProblemContent<Status> {
  const answers: Partial<ProblemContent<ProblemStatus>> = {};
  for (const status of [...everywhere, ...statuses])
    answers[status] = {
      description: meanings[status],
      content: { [problemMediaType]: { schema: problemSchema } },
    };
  return answers as ProblemContent<Status>;
}

export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
): {
  readonly description: string;
  readonly content: { readonly "application/json": { readonly schema: Schema } };
} {
  return { description, content: { "application/json": { schema } } };
}

/** Bytes of some media types. What is sent is a stream or a buffer: no schema holds it. */
export function bytes(description: string, ...mediaTypes: readonly string[]): Content<z.ZodUnknown> {
  const schema = z.unknown().meta({ description: "bytes" });
  return {
    description,
    content: Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }])),
  };
}

/** An answer without a body. */
export function nothing(description: string): z.ZodNull {
  return z.null().meta({ description });
}

/** 304. `null` would be sent as JSON of four bytes, and a cache takes over what a 304 says of type and length (RFC 9111, 3.2). */
export function sendNotModified(reply: FastifyReply): FastifyReply {
  return reply.status(304).send();
}

/** The address of the same list's next page (RFC 8288), beside the `next` in the body. */
export function linkNext(reply: FastifyReply, next: string | undefined): void {
  if (next === undefined) return;
  const [path = "", query = ""] = reply.request.url.split("?");
  const parameters = new URLSearchParams(query);
  parameters.set("after", next);
  reply.header("link", `<${path}?${parameters.toString()}>; rel="next"`);
}
