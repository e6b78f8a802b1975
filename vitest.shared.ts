import { defineConfig } from "vitest/config";

const conditions = ["@bootlayer/source", "node", "import", "default"];

/** What every project's tests run under: workspace packages from source, a count that the test command adds up. */
export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["{src,page,integration,e2e}/**/*.test.ts"],
    execArgv: ["--conditions=@bootlayer/source"],
    reporters: ["default", "json"],
    outputFile: { json: "test-results/vitest.json" },
    // For what hangs. A machine that does other work takes ten times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    pool: "forks",
  },
});
