import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { readEventStream, type StreamEvent } from "./event-stream.ts";

async function read(chunks: readonly Uint8Array[]): Promise<readonly StreamEvent[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    yield* chunks;
  }
  return await Array.fromAsync(readEventStream(source()));
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ["an event", "id: 3\nevent: state\ndata: {}\n\n", [{ id: "3", kind: "state", data: "{}" }]],
  ["data without a kind", "data: a\n\n", [{ id: "", kind: "message", data: "a" }]],
  ["data of several lines", "data: a\ndata:b\n\n", [{ id: "", kind: "message", data: "a\nb" }]],
  ["lines that end with CR LF", "id: 1\r\ndata: a\r\n\r\n", [{ id: "1", kind: "message", data: "a" }]],
  [
    "comments and unknown fields",
    ": beat\n\nretry: 2000\n\nx: y\ndata: a\n\n",
    [{ id: "", kind: "message", data: "a" }],
  ],
  ["an event without data", "event: state\n\n", []],
  ["an unfinished event at the end", "data: a\n\ndata: b\n", [{ id: "", kind: "message", data: "a" }]],
])("%s", async (_, text, events) => {
  expect(await read([bytes(text)])).toEqual(events);
});

property.prop([fc.array(fc.nat(60), { maxLength: 8 }), fc.constantFrom("\n", "\r\n")])(
  "where the stream is cut into chunks does not matter",
  async (cuts, end) => {
    const whole = bytes(["id: 1", "event: é", "data: ü€😀", "", "id: 2", "data: b", "", ""].join(end));
    const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
    const chunks = places.slice(1).map((place, index) => whole.subarray(places[index], place));
    expect(await read(chunks)).toEqual([
      { id: "1", kind: "é", data: "ü€😀" },
      { id: "2", kind: "message", data: "b" },
    ]);
  },
);
