import { defineConfig } from "vitest/config";
import shared from "../../vitest.shared.ts";

/** Most of these files wait for programs and guests of their own, and this suite ends last: two at once fill both cores. */
export default defineConfig({ ...shared, test: { ...shared.test, maxWorkers: 2 } });
