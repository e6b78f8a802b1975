import type { BuildEvent } from "./api-types.ts";
import { openEvents } from "./api.ts";
import { readEventStream } from "./event-stream.ts";
import { ApiError } from "./problem.ts";

export interface Watcher {
  onEvent(event: BuildEvent): void;
  /** Whether events come; told when it changes. */
  onConnection(isOpen: boolean): void;
}

const kinds: ReadonlySet<string> = new Set([
  "queued",
  "state",
  "resolved",
  "progress",
  "stage",
  "ready",
  "failed",
  "cancelled",
]);
const longestPauseMilliseconds = 15_000;

/**
 * A build's events from the first one on, until the final one. Where the connection is cut it goes on behind the last event that came.
 *
 * @throws {ApiError} where the server refuses: trying again would not help. Also once the signal is aborted.
 */
export async function watchBuild(id: string, watcher: Watcher, signal: AbortSignal): Promise<void> {
  let lastEventId = "";
  for (let failures = 0; ; failures++) {
    try {
      const stream = await openEvents(id, lastEventId, signal);
      watcher.onConnection(true);
      for await (const event of readEventStream(stream)) {
        failures = 0;
        lastEventId = event.id;
        if (!kinds.has(event.kind)) continue;
        watcher.onEvent({ kind: event.kind, data: JSON.parse(event.data) } as BuildEvent);
        if (event.kind === "ready" || event.kind === "failed" || event.kind === "cancelled") return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ApiError && isRefusal(error.problem.status)) throw error;
    }
    signal.throwIfAborted();
    watcher.onConnection(false);
    await pause(Math.min(1000 * 2 ** failures, longestPauseMilliseconds), signal);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const abort = (): void => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  // A network that is back is better than any guess.
  addEventListener("online", () => resolve(), { once: true });
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** Not: no answer, too many requests, a server that is in trouble. */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && status !== 429;
}
