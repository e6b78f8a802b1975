/**
 * Pulls and pushes through a proxy that lets requests go wrong, as the test of image-builder makes them, as many as wanted.
 *
 *     node tools/random-faults.ts [SCHEDULES, default 1000] [SEED]
 */
import { runRandomTest } from "./src/run-random-test.ts";

runRandomTest({ folder: "packages/image-builder", file: "integration/random-faults.test.ts" }, 1000);
