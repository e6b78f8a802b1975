import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { BuildEventRow } from "../catalogue/build-events.ts";
import { writeEvents, type EventStreamOptions } from "./event-stream.ts";

const options: EventStreamOptions = {
  signal: new AbortController().signal,
  heartbeatMilliseconds: 60_000,
  patienceMilliseconds: 60_000,
};

function row(sequence: number, data: unknown = {}): BuildEventRow {
  return { sequence, kind: "state", data, at: new Date(0) };
}

async function* rows(count: number, data: unknown, taken: number[] = []): AsyncGenerator<BuildEventRow> {
  for (let sequence = 1; sequence <= count; sequence++) {
    taken.push(sequence);
    yield row(sequence, data);
  }
}

test("events have id, kind and data, behind the time to wait before a client comes again", async () => {
  const output = new PassThrough();
  const read = text(output);
  expect(await writeEvents(rows(2, { state: "queued\n\ndata: forged" }), output, options)).toBe("ended");
  output.end();
  const data = String.raw`data: {"state":"queued\n\ndata: forged"}`;
  expect(await read).toBe(`retry: 2000\n\nid: 1\nevent: state\n${data}\n\nid: 2\nevent: state\n${data}\n\n`);
});

test("a reader that takes nothing is not read ahead of, and is cut off in the end", async () => {
  const output = new PassThrough({ highWaterMark: 1000 });
  const taken: number[] = [];
  const outcome = await writeEvents(rows(1000, "x".repeat(400), taken), output, {
    ...options,
    patienceMilliseconds: 50,
  });
  expect(outcome).toBe("cut");
  // Two buffers of a thousand bytes, and the event that overflows each.
  expect(taken.length).toBeLessThanOrEqual(6);
});

test("while nothing happens there are comments", async () => {
  const output = new PassThrough();
  const heard = Promise.withResolvers<void>();
  output.on("data", (chunk: Buffer) => {
    if (chunk.toString() === ":\n\n") heard.resolve();
  });
  async function* silence(): AsyncGenerator<BuildEventRow> {
    await heard.promise;
    yield row(1);
  }
  expect(await writeEvents(silence(), output, { ...options, heartbeatMilliseconds: 5 })).toBe("ended");
});
