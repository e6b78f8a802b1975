import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

const conditions = ["@bootlayer/source", "node", "default"];

export default defineConfig({
  ...shared,
  // pg is CommonJS and asks for its parts by require: with "import" among the conditions it would be handed modules.
  ssr: { resolve: { conditions, externalConditions: conditions } },
  // Most of these files wait for servers of their own: two at once fill both cores.
  test: { ...shared.test, maxWorkers: 2 },
});
