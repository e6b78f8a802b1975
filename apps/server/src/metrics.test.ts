import { expect, test } from "vitest";
import { createMetrics } from "./metrics.ts";

test("builds that ended are counted by state and code; a fault has a figure before the first of it", async () => {
  const metrics = createMetrics();
  metrics.buildsEnded([
    { state: "ready", code: undefined },
    { state: "failed", code: "BUILD_WORKER_LOST" },
    { state: "ready", code: undefined },
  ]);
  const figures = (await metrics.registry.metrics()).split("\n");
  expect(figures).toEqual(
    expect.arrayContaining([
      'bootlayer_builds_ended_total{state="ready",code=""} 2',
      'bootlayer_builds_ended_total{state="failed",code="BUILD_WORKER_LOST"} 1',
      'bootlayer_builds_ended_total{state="failed",code="QUOTA_DISK"} 0',
    ]),
  );
});
