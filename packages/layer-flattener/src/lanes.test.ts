import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { createLanes } from "./lanes.ts";

/** Runs one lane over steps of these lengths, each after a wait of its own, and notes them. */
async function run(
  lane: ReturnType<typeof createLanes>[number],
  name: number,
  steps: readonly number[],
  order: string[],
  delay: () => Promise<void>,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    await delay();
    await lane.wait();
    order.push(`${name}:${index}`);
    lane.pass(step);
  }
  await lane.wait();
  lane.leave();
}

const steps = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 10 });

property.prop([fc.array(steps, { minLength: 1, maxLength: 4 }), fc.scheduler()])(
  "the order of all steps is that of their places, whatever the timing",
  async (lengths, scheduler) => {
    const order: string[] = [];
    const lanes = createLanes(lengths.length);
    const all = Promise.all(
      lanes.map((lane, name) =>
        run(lane, name, lengths[name] ?? [], order, () => scheduler.schedule(Promise.resolve())),
      ),
    );
    await scheduler.waitFor(all);
    const placed = lengths.flatMap((lane, name) => {
      let place = 0;
      return lane.map((step, index) => ({
        name: `${name}:${index}`,
        lane: name,
        place: (place += step) - step,
      }));
    });
    expect(order).toEqual(
      placed.toSorted((a, b) => a.place - b.place || a.lane - b.lane).map(({ name }) => name),
    );
  },
);

test("one lane never waits", () => {
  const [lane] = createLanes(1);
  lane?.pass(1);
  expect(lane?.wait()).toBeUndefined();
});
