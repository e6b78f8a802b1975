/**
 * Random trees, as the test of squashfs-writer has the kernel and unsquashfs judge them, as many as wanted. As root.
 *
 *     node tools/random-squashfs.ts [RUNS, default 2000] [SEED]
 */
import { runRandomTest } from "./src/run-random-test.ts";

runRandomTest({ folder: "packages/squashfs-writer", file: "integration/random-trees.test.ts" }, 2000);
