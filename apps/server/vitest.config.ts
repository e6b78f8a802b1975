import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

const conditions = ["@bootlayer/source", "node", "default"];

/** pg is CommonJS and asks for its parts by require: with "import" among the conditions it would be handed modules. */
export default defineConfig({ ...shared, ssr: { resolve: { conditions, externalConditions: conditions } } });
