import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { concurrently } from "./concurrently.ts";

const never = new AbortController().signal;

test("items begin in their order, and no more than the limit are under way", async () => {
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  await concurrently([1, 2, 3, 4, 5], 2, never, async (item) => {
    begun.push(item);
    most = Math.max(most, ++underWay);
    await setImmediate();
    underWay--;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});

test("the first failure stops the others, is what comes out, and leaves the rest alone", async () => {
  const begun: number[] = [];
  const stopped: unknown[] = [];
  const failure = new Error("second");
  const work = concurrently([1, 2, 3], 2, never, async (item, signal) => {
    begun.push(item);
    if (item === 2) throw failure;
    await new Promise<void>((_, reject) => {
      signal.addEventListener("abort", () => {
        stopped.push(signal.reason);
        reject(new Error("stopped"));
      });
    });
  });
  await expect(work).rejects.toBe(failure);
  expect(begun).toEqual([1, 2]);
  expect(stopped).toEqual([failure]);
});

test("nothing begins after the signal", async () => {
  const begun: number[] = [];
  const aborted = AbortSignal.abort(new Error("enough"));
  await expect(concurrently([1], 1, aborted, async (item) => void begun.push(item))).rejects.toThrow(
    "enough",
  );
  expect(begun).toEqual([]);
});
