/**
 * Servers of one PostgreSQL that are asked for builds and killed at random, as the test of the server makes them, with more builds.
 *
 *     node tools/several-servers.ts [BUILDS, default 200] [SEED]
 */
import { runRandomTest } from "./src/run-random-test.ts";

runRandomTest({ package: "../apps/server", file: "integration/several-servers.test.ts" }, 200);
