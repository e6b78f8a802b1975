import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { readAll } from "../../integration/agent-fixtures.ts";
import { createIncomingChannel } from "./incoming-channel.ts";

const window = 262_144;
const nonsense = expect.objectContaining({ code: "GUEST_AGENT_PROTOCOL" });

/** Bytes that tell where in the whole they are. */
function pattern(start: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (start + index) % 251;
  return bytes;
}

/** A turn of the event loop, with all that streams put off. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test.prop(
  [
    fc.array(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 60 }),
    fc.array(fc.nat(100_000), { maxLength: 60 }),
  ],
  { numRuns: 50 },
)(
  "to a reader of any pace all gets through in order, and never more than 262,144 bytes ahead of it",
  async (sizes, reads) => {
    const guest = { credit: window, sent: 0 };
    const reader = { read: 0, isInOrder: true, paces: [...reads] };
    const channel = createIncomingChannel((bytes) => (guest.credit += bytes));
    /** Of a pace of 0, all that is there at once, as `for await` does. */
    const readSome = async (): Promise<void> => {
      const size = Math.min(reader.paces.shift() ?? 0, channel.stream.readableLength);
      const chunk: Uint8Array | null = channel.stream.read(size || undefined);
      for (const byte of chunk ?? []) reader.isInOrder &&= byte === reader.read++ % 251;
      await turn();
    };
    for (const size of sizes) {
      for (let round = 0; guest.credit < size; round++) {
        expect(round).toBeLessThan(100);
        await readSome();
      }
      guest.credit -= size;
      channel.push(pattern(guest.sent, size));
      guest.sent += size;
      expect(guest.sent - reader.read).toBeLessThanOrEqual(window);
    }
    channel.end();
    while (!channel.stream.readableEnded) await readSome();
    expect(reader).toMatchObject({ read: guest.sent, isInOrder: true });
  },
);

test("whoever does not read is sent 262,144 bytes, and gives no credit for more", async () => {
  const credit: number[] = [];
  const channel = createIncomingChannel((bytes) => credit.push(bytes));
  for (let sent = 0; sent < window; sent += 65_536) channel.push(Buffer.alloc(65_536));
  await turn();
  expect(credit).toEqual([]);
  expect(() => channel.push(Buffer.alloc(1))).toThrow(nonsense);
  channel.stream.resume();
  await turn();
  expect(credit.reduce((sum, bytes) => sum + bytes, 0)).toBe(window);
});

test("a stream that was destroyed keeps the guest going and what comes is dropped", async () => {
  let credit = window;
  const channel = createIncomingChannel((bytes) => (credit += bytes));
  channel.push(Buffer.alloc(200_000));
  credit -= 200_000;
  channel.stream.destroy();
  await turn();
  for (let round = 0; round < 100; round++) {
    expect(credit).toBeGreaterThanOrEqual(65_535);
    credit -= 65_535;
    channel.push(Buffer.alloc(65_535));
  }
  expect(channel.stream.readableLength).toBeLessThanOrEqual(200_000);
});

test("bytes behind the end mean nothing", () => {
  const channel = createIncomingChannel(() => undefined);
  channel.end();
  expect(() => channel.push(Buffer.alloc(1))).toThrow(nonsense);
});

test("a failure reaches who reads, and nobody who does not", async () => {
  const read = createIncomingChannel(() => undefined);
  const reading = readAll(read.stream);
  read.fail(new Error("gone"));
  await expect(reading).rejects.toThrow("gone");
  const ignored = createIncomingChannel(() => undefined);
  ignored.fail("gone");
  await turn();
  expect(ignored.stream.errored).toHaveProperty("message", "gone");
});
