import { once } from "node:events";
import type { Writable } from "node:stream";
import type { BuildEventRow } from "../catalogue/build-events.ts";

export interface EventStreamOptions {
  readonly signal: AbortSignal;
  /** A comment so often, so that proxies and clients see that the stream lives. */
  readonly heartbeatMilliseconds: number;
  /** A reader that takes nothing for so long is cut off; it may come again with Last-Event-ID. */
  readonly patienceMilliseconds: number;
}

/** How long a client waits before it comes again. */
const retryMilliseconds = 2000;

/** An event in the wire's form (HTML, "Server-sent events"): JSON has no line breaks, so one `data:` line holds it. */
export function formatEvent({ sequence, kind, data }: BuildEventRow): string {
  return `id: ${sequence}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
}

/**
 * Writes events as they come, to the end of `events`. The next one is taken only when the reader has taken enough of what was sent:
 * a slow one costs a buffer, not the events that it misses.
 */
export async function writeEvents(
  events: AsyncIterable<BuildEventRow>,
  output: Writable,
  { signal, heartbeatMilliseconds, patienceMilliseconds }: EventStreamOptions,
): Promise<"ended" | "cut"> {
  const send = async (text: string): Promise<boolean> => {
    if (output.write(text)) return true;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(patienceMilliseconds)]);
    return once(output, "drain", { signal: patience }).then(
      () => true,
      () => false,
    );
  };
  // Between events alone, and never into a full buffer.
  const heartbeat = setInterval(() => {
    if (!output.writableNeedDrain && output.writable) output.write(":\n\n");
  }, heartbeatMilliseconds);
  try {
    if (!(await send(`retry: ${retryMilliseconds}\n\n`))) return "cut";
    for await (const event of events) if (!(await send(formatEvent(event)))) return "cut";
    return "ended";
  } finally {
    clearInterval(heartbeat);
  }
}
