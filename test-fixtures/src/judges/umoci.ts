import { join } from "node:path";
import { runTool } from "./run-tool.ts";

/**
 * Unpacks an image of a layout with umoci; needs root, so that owners, devices and xattrs are made. umoci 0.4.7 knows no
 * zstd: unpack the gzip twin of such an image.
 *
 * @param bundle a directory that umoci makes; it must not exist.
 * @returns the directory of the root file system.
 */
export async function umociUnpack(layout: string, tag: string, bundle: string): Promise<string> {
  await runTool("umoci", ["unpack", "--image", `${layout}:${tag}`, bundle]);
  return join(bundle, "rootfs");
}
