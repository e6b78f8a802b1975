import { join } from "node:path";

const cli = join(import.meta.dirname, "../../apps/cli/dist/bootlayer.mjs");

export interface SquashfsBuild {
  /** A directory for the store. */
  readonly work: string;
  /** The image to be written. */
  readonly image: string;
  /** As the command line has it, such as `zstd:15`. */
  readonly compression: string;
  readonly blockSize: number;
}

/** The command line of our own build, from a layout. */
export function squashfsBuild(layout: string, tag: string, build: SquashfsBuild): string[] {
  const { work, image, compression, blockSize } = build;
  const format = [
    "--format",
    "squashfs",
    "--compression",
    compression,
    "--block-size",
    `${blockSize / 1024}K`,
  ];
  const output = ["-o", image, "--store", join(work, "store"), "--no-cache", "--progress", "none"];
  return [process.execPath, cli, "build", `oci:${layout}:${tag}`, ...format, ...output];
}
