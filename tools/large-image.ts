/**
 * Builds the large real image (six layers, 1.8 GB) in every way and compares the disks, mounted by the kernel, with what umoci
 * unpacks: the CLI's test of real images, which leaves this one out for the minutes that it takes.
 *
 *     node tools/large-image.ts
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const { status } = spawnSync(join(root, "node_modules/.bin/vitest"), ["run", "e2e/real-images.test.ts"], {
  cwd: join(root, "apps/cli"),
  env: { ...process.env, BOOTLAYER_REAL_IMAGES: "large", BOOTLAYER_REQUIRE_JUDGES: "1" },
  stdio: "inherit",
});
process.exitCode = status ?? 1;
