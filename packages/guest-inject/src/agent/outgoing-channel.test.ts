import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { createOutgoingChannel } from "./outgoing-channel.ts";

const window = 262_144;

test.prop([
  fc.array(fc.nat(300_000), { minLength: 1, maxLength: 8 }),
  fc.array(fc.integer({ min: 1, max: 0xffff_ffff }), { minLength: 1 }),
])(
  "all is sent in order, in frames of at most 65,535 bytes, and never beyond the credit",
  async (sizes, credits) => {
    let credit = window;
    let sent = 0;
    const paces = [...credits];
    const channel = createOutgoingChannel(async (bytes) => {
      expect(bytes.length).toBeGreaterThan(0);
      expect(bytes.length).toBeLessThanOrEqual(Math.min(65_535, credit));
      expect(bytes[0]).toBe(sent % 251);
      credit -= bytes.length;
      sent += bytes.length;
      if (credit > 0) return;
      // A guest that gives little at a time, and then enough for this test.
      const more = paces.shift() ?? 0xffff_ffff;
      credit += more;
      queueMicrotask(() => channel.addCredit(more));
    });
    let total = 0;
    for (const size of sizes) {
      const bytes = new Uint8Array(size);
      for (let index = 0; index < size; index++) bytes[index] = (total + index) % 251;
      expect(await channel.write(bytes)).toBe(true);
      total += size;
    }
    expect(sent).toBe(total);
  },
);

test("who waits for credit is let go when the channel is stopped, and nothing more is sent", async () => {
  let sent = 0;
  const channel = createOutgoingChannel(async (bytes) => void (sent += bytes.length));
  const writing = channel.write(new Uint8Array(window + 1));
  channel.stop();
  expect(await writing).toBe(false);
  expect(await channel.write(new Uint8Array(1))).toBe(false);
  expect(sent).toBeLessThanOrEqual(window);
});

test("a frame waits until the connection has taken the one before", async () => {
  const taken: (() => void)[] = [];
  const channel = createOutgoingChannel(() => new Promise((resolve) => taken.push(resolve)));
  const writing = channel.write(new Uint8Array(100_000));
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toHaveLength(1);
  taken[0]?.();
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toHaveLength(2);
  taken[1]?.();
  expect(await writing).toBe(true);
});
