import { expect, test } from "vitest";
import { minimumRate } from "./minimum-rate.ts";

const limits = { stallMilliseconds: 1000, minBytesPerSecond: 10 };

/** Chunks that each take their time to come, on a clock that nothing else moves but `work`. */
function source(chunks: readonly { readonly takes: number; readonly bytes: number }[]) {
  let time = 0;
  async function* generate(): AsyncGenerator<Uint8Array> {
    for (const { takes, bytes } of chunks) {
      time += takes;
      yield new Uint8Array(bytes);
    }
  }
  const pass = () => minimumRate(generate(), limits, "host", () => time);
  const work = (milliseconds: number) => {
    time += milliseconds;
  };
  return { pass, work };
}

async function received(chunks: AsyncIterable<Uint8Array>, work: () => void = () => {}): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    work();
  }
  return bytes;
}

test("bytes that drip in slower than the rate, over the stall time, are REGISTRY_STALLED", async () => {
  const drip = Array.from({ length: 10 }, () => ({ takes: 300, bytes: 1 }));
  await expect(received(source(drip).pass())).rejects.toMatchObject({
    code: "REGISTRY_STALLED",
    isTransient: true,
  });
});

test("bytes at the rate pass, however long they take", async () => {
  const steady = Array.from({ length: 50 }, () => ({ takes: 300, bytes: 3 }));
  expect(await received(source(steady).pass())).toBe(150);
});

test("a consumer that takes its time is not a stall", async () => {
  const { pass, work } = source(Array.from({ length: 10 }, () => ({ takes: 1, bytes: 1 })));
  expect(await received(pass(), () => work(60_000))).toBe(10);
});
