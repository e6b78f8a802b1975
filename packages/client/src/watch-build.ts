import { createParser } from "eventsource-parser";
import type { BuildEvent } from "./api-types.ts";
import type { BootlayerClient } from "./client.ts";
import { ClientError } from "./errors.ts";

export interface WatchOptions {
  readonly signal?: AbortSignal | undefined;
  /** The `sequence` of the last event that was seen; default: from the beginning. */
  readonly lastEventId?: number | undefined;
  /** How often in a row the server may not be reached before it is given up; default: 10, about two minutes. */
  readonly maxFailures?: number | undefined;
  /** Told when the stream of events is open, and when it was cut and will be opened again. */
  readonly onConnection?: ((isOpen: boolean) => void) | undefined;
}

const longestPauseMilliseconds = 20_000;
const finalKinds: ReadonlySet<string> = new Set(["ready", "failed", "cancelled"]);

/**
 * The events of a build until its end. Where the connection is cut, or the server is started again, it goes on behind the last event
 * that came. A loop that is left ends the watching.
 *
 * @throws {ClientError} CLIENT_REFUSED: the server does not know the build or the token. CLIENT_UNREACHABLE after `maxFailures`.
 */
export async function* watchBuild(
  client: BootlayerClient,
  id: string,
  { signal, lastEventId = 0, maxFailures = 10, onConnection }: WatchOptions = {},
): AsyncGenerator<BuildEvent, void, undefined> {
  let last = lastEventId;
  let pauseMilliseconds = 1000;
  for (let failures = 0; ; failures++) {
    const leave = new AbortController();
    try {
      const stream = await openEvents(
        client,
        id,
        last,
        signal ? AbortSignal.any([signal, leave.signal]) : leave.signal,
      );
      // 204: all its events have been seen.
      if (stream === undefined) return;
      onConnection?.(true);
      for await (const message of messagesOf(stream)) {
        if (message.kind === "retry") {
          pauseMilliseconds = message.milliseconds;
          continue;
        }
        failures = 0;
        const { event } = message;
        last = event.sequence;
        yield event;
        if (finalKinds.has(event.kind)) return;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (isRefusal(error) || failures >= maxFailures) throw error;
    } finally {
      leave.abort();
    }
    onConnection?.(false);
    await pause(
      Math.min(pauseMilliseconds * 2 ** Math.max(failures - 1, 0), longestPauseMilliseconds),
      signal,
    );
  }
}

/** Not: no answer, a server that is in trouble, or one that asks for patience. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ClientError)) return false;
  const { code, status = 0 } = error;
  return code === "CLIENT_OPTIONS" || (status >= 400 && status < 500 && status !== 408 && status !== 429);
}

async function openEvents(
  client: BootlayerClient,
  id: string,
  last: number,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array> | undefined> {
  const { data, response } = await client.GET("/v1/builds/{id}/events", {
    params: { path: { id }, header: last === 0 ? {} : { "last-event-id": String(last) } },
    headers: { accept: "text/event-stream" },
    parseAs: "stream",
    signal,
  });
  if (response.status === 204) return undefined;
  if (!response.headers.get("content-type")?.startsWith("text/event-stream") || !data)
    throw new ClientError(
      "CLIENT_PROTOCOL",
      "the server sends no events",
      "see what is between it and this machine",
      {
        status: response.status,
      },
    );
  return data;
}

type Message = Readonly<{ kind: "event"; event: BuildEvent } | { kind: "retry"; milliseconds: number }>;

async function* messagesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const pending: Message[] = [];
  const parser = createParser({
    onEvent: ({ id = "", event = "", data }) =>
      pending.push({ kind: "event", event: parseEvent(id, event, data) }),
    onRetry: (milliseconds) => pending.push({ kind: "retry", milliseconds }),
    maxBufferSize: 16 * 2 ** 20,
  });
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* pending.splice(0);
  }
}

/** The shape of `data` is the server's word; that it is an object, and what names it, is looked at. */
function parseEvent(id: string, kind: string, text: string): BuildEvent {
  const sequence = Number(id);
  try {
    const data: unknown = JSON.parse(text);
    if (Number.isSafeInteger(sequence) && sequence > 0 && typeof data === "object" && data !== null)
      return { sequence, kind, data } as BuildEvent;
  } catch {
    // Told below.
  }
  throw new ClientError(
    "CLIENT_PROTOCOL",
    `the event ${JSON.stringify(kind)} is none of a build`,
    "update the client",
  );
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal?.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal?.throwIfAborted();
}
