import type { Build, BuildList, BuildRequest, TreeLevel } from "./api-types.ts";
import { ApiError, noAnswer, readProblem } from "./problem.ts";
import type { BuildFilter } from "./route.ts";
import { currentToken } from "./token.ts";

/** Addresses are relative to the page's own, so that a proxy may put both below a path. */
const root = "v1";
export const pageSize = 25;

const active = ["queued", "resolving", "pulling", "flattening", "writing", "verifying"];

export async function listBuilds(filter: BuildFilter, signal: AbortSignal): Promise<BuildList> {
  const query = new URLSearchParams({ limit: String(pageSize) });
  if (filter.state === "active") for (const state of active) query.append("state", state);
  else if (filter.state !== undefined) query.append("state", filter.state);
  if (filter.source !== undefined) query.set("source", filter.source);
  if (filter.format !== undefined) query.set("format", filter.format);
  if (filter.cursor !== undefined) query.set("after", filter.cursor);
  return answerOf(await send("GET", `builds?${query}`, { signal }));
}

export async function getBuild(id: string, signal?: AbortSignal): Promise<Build> {
  return answerOf(await send("GET", buildPath(id), { signal }));
}

/** The new build, or the one that it joined. */
export async function createBuild(request: BuildRequest): Promise<Build> {
  return answerOf(await send("POST", "builds", { body: request }));
}

export async function cancelBuild(id: string): Promise<void> {
  await send("POST", `${buildPath(id)}/cancel`);
}

export async function retryBuild(id: string): Promise<Build> {
  return answerOf(await send("POST", `${buildPath(id)}/retry`));
}

export async function deleteBuild(id: string): Promise<void> {
  await send("DELETE", buildPath(id));
}

/** One level of what is in the image; `cursor` goes on where an answer ended. */
export async function listTree(id: string, path: string, cursor?: string): Promise<TreeLevel> {
  const query = new URLSearchParams({ path, ...(cursor === undefined ? {} : { after: cursor }) });
  return answerOf(await send("GET", `${buildPath(id)}/tree?${query}`));
}

export function imageAddress(id: string): string {
  return `${root}/${buildPath(id)}/image`;
}

/** The disk with this tab's token: a link cannot carry one. The browser keeps large answers on its disk. */
export async function fetchImage(id: string): Promise<Blob> {
  const response = await send("GET", `${buildPath(id)}/image`);
  return await response.blob();
}

/** The build's events from behind `lastEventId` on, as bytes of an event stream. */
export async function openEvents(
  id: string,
  lastEventId: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const { body } = await send("GET", `${buildPath(id)}/events`, {
    signal,
    headers: { accept: "text/event-stream", ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }) },
  });
  if (body === null) throw new ApiError(noAnswer);
  return body;
}

function buildPath(id: string): string {
  return `builds/${encodeURIComponent(id)}`;
}

interface Sent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** @throws {ApiError} for every answer but success, and where none came. */
async function send(method: string, path: string, { body, headers, signal }: Sent = {}): Promise<Response> {
  const token = currentToken();
  let response: Response;
  try {
    response = await fetch(`${root}/${path}`, {
      method,
      headers: {
        accept: "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ?? null,
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(noAnswer, { cause });
  }
  if (response.ok) return response;
  const problem: unknown = await response.json().catch(() => undefined);
  throw new ApiError(readProblem(response.status, problem));
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  try {
    const answer: Answer = await response.json();
    return answer;
  } catch (cause) {
    throw new ApiError(readProblem(response.status, { detail: "The answer is no JSON." }), { cause });
  }
}
