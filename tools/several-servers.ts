/**
 * Servers of one PostgreSQL that are asked for builds and killed at random, as the test of the server makes them, with more builds.
 *
 *     node tools/several-servers.ts [BUILDS, default 200] [SEED] [--artifacts directory|s3]
 *
 * Disks are shared in a directory unless `s3` is named: then in Ceph's S3, with its objects in memory.
 */
import { parseArgs } from "node:util";
import { runRandomTest } from "./src/run-random-test.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { artifacts: { type: "string", default: "directory" } },
});
runRandomTest(
  {
    folder: "apps/server",
    file: "integration/several-servers/several-servers.test.ts",
    environment: { BOOTLAYER_SEVERAL_SERVERS_ARTIFACTS: values.artifacts },
  },
  200,
  positionals,
);
