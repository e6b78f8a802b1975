import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

const { signal } = new AbortController();

/** What has settled by now, without waiting for anything. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  for (let tick = 0; tick < 5; tick++) await Promise.resolve();
  return settled;
}

test("no more run to one host than it bears, and no more in all than all hosts together", async () => {
  const turns = createTurns({ perHost: 2, inAll: 3 });
  const [first] = [await turns.begin("a", signal), await turns.begin("a", signal)];
  const thirdOfA = turns.begin("a", signal);
  await turns.begin("b", signal);
  const secondOfB = turns.begin("b", signal);
  expect([await isSettled(thirdOfA), await isSettled(secondOfB)]).toEqual([false, false]);
  first?.();
  expect([await isSettled(thirdOfA), await isSettled(secondOfB)]).toEqual([true, false]);
});

test("who waits for a host keeps nobody from another one", async () => {
  const turns = createTurns({ perHost: 1, inAll: 2 });
  await turns.begin("a", signal);
  const waiting = turns.begin("a", signal);
  expect(await isSettled(turns.begin("b", signal))).toBe(true);
  expect(await isSettled(waiting)).toBe(false);
});

test("a request that is aborted while it waits takes no turn; one that is aborted before is not let in", async () => {
  const turns = createTurns({ perHost: 1, inAll: 1 });
  const end = await turns.begin("a", signal);
  const controller = new AbortController();
  const given = turns.begin("b", controller.signal);
  const next = turns.begin("c", signal);
  controller.abort(new Error("enough"));
  await expect(given).rejects.toThrow("enough");
  await expect(turns.begin("a", controller.signal)).rejects.toThrow("enough");
  end();
  expect(await isSettled(next)).toBe(true);
});

test("a turn that is ended twice makes room once", async () => {
  const turns = createTurns({ perHost: 1, inAll: 1 });
  const end = await turns.begin("a", signal);
  end();
  end();
  await turns.begin("a", signal);
  expect(await isSettled(turns.begin("a", signal))).toBe(false);
});

const request = fc.record({
  host: fc.constantFrom("a", "b", "c"),
  isAborted: fc.boolean(),
});

property.prop([
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 4 }),
  fc.array(request),
  fc.scheduler(),
])(
  "in any order of ends and aborts no limit is passed, and everybody's turn comes",
  async (perHost, inAll, requests, scheduler) => {
    const turns = createTurns({ perHost, inAll });
    const running: (typeof requests)[number][] = [];
    const whole = requests.map(async (each) => {
      const controller = new AbortController();
      if (each.isAborted)
        void scheduler.schedule(Promise.resolve()).then(() => controller.abort(new Error("enough")));
      const end = await turns.begin(each.host, controller.signal).catch(() => undefined);
      if (!end) return;
      running.push(each);
      expect(running.filter(({ host }) => host === each.host).length).toBeLessThanOrEqual(perHost);
      expect(running.length).toBeLessThanOrEqual(inAll);
      await scheduler.schedule(Promise.resolve());
      running.splice(running.indexOf(each), 1);
      end();
    });
    await scheduler.waitFor(Promise.all(whole));
    expect(running).toEqual([]);
  },
);
