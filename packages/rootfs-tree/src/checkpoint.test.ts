import { expect, test } from "vitest";
import { checkpoint } from "./index.ts";

/** A loop of `items`, after which it has let other work run so many times. */
async function pausesOf(items: number, signal?: AbortSignal): Promise<number> {
  const pause = checkpoint(signal);
  let pauses = 0;
  for (let item = 0; item < items; item++) {
    const pausing = pause();
    if (!pausing) continue;
    pauses++;
    await pausing;
  }
  return pauses;
}

test("most items of a loop do not wait", async () => {
  expect(await pausesOf(4095)).toBe(0);
  expect(await pausesOf(10_000)).toBe(2);
});

test("while it waits other work runs, and what that aborts stops the loop with its reason", async () => {
  const controller = new AbortController();
  setImmediate(() => controller.abort(new Error("enough")));
  await expect(pausesOf(1_000_000, controller.signal)).rejects.toThrow("enough");
});
