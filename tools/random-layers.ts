/**
 * Random stacks of layers, as the test of image-builder compares them with umoci, as many as wanted. As root.
 *
 *     node --conditions=@bootlayer/source tools/random-layers.ts [RUNS, default 1000] [SEED]
 */
import { join } from "node:path";
import { buildDisk } from "@bootlayer/image-builder";
import { compareDiskWithUmoci, formatDifferences, randomLayers } from "@bootlayer/test-fixtures";
import * as fc from "fast-check";
import { atLeastOne } from "./src/command-line.ts";

const runs = atLeastOne("RUNS", process.argv[2] ?? "1000");
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const counts = { compared: 0, refused: 0, explained: 0 };

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
    if (verdict.kind === "refused-by-umoci") {
      counts.refused++;
      return;
    }
    counts.compared++;
    counts.explained += verdict.explained.length;
    if (verdict.unexplained.length > 0) throw new Error(formatDifferences(verdict.unexplained));
  },
);
await fc.assert(property, { numRuns: runs, seed, endOnFailure: true });
process.stdout.write(
  `seed ${seed}: ${counts.compared} stacks equal, ${counts.refused} refused by umoci, ${counts.explained} differences that are umoci's\n`,
);
