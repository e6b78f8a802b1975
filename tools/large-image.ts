/**
 * Builds the large real image (six layers, 1.8 GB) in every way and compares the disks, mounted by the kernel, with what umoci
 * unpacks: the CLI's test of real images, which leaves this one out for the minutes that it takes. As root.
 *
 *     node tools/large-image.ts
 */
import { runTest } from "./src/run-test.ts";

runTest({
  folder: "apps/cli",
  file: "e2e/real-images.test.ts",
  environment: { BOOTLAYER_REAL_IMAGES: "large" },
});
