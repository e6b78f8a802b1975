import { join } from "node:path";
import { compareDiskWithUmoci, randomLayers, requireJudge } from "@bootlayer/test-fixtures";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildDisk } from "../src/index.ts";

const judge = requireJudge("root", "umoci", "e2fsck", "mount", "python3");
const runs = 50;

describe.skipIf(judge.skip)(`random stacks of layers${judge.reason}`, () => {
  test("mounted by the kernel are what umoci unpacks", { timeout: 300_000 }, async () => {
    let compared = 0;
    const property = fc.asyncProperty(
      randomLayers,
      fc.constantFrom("gzip", "zstd", "none"),
      async (layers, compression) => {
        const verdict = await compareDiskWithUmoci(layers, compression, async (layout, tag, disk) => {
          await buildDisk(
            { source: `oci:${layout}:${tag}`, output: disk, platform: "linux/amd64", cache: false },
            { store: join(layout, "store") },
          );
        });
        if (verdict.kind === "refused-by-umoci") return;
        compared++;
        expect(verdict.unexplained).toEqual([]);
      },
    );
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
    expect(compared).toBeGreaterThan(runs * 0.8);
  });
});
