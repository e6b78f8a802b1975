import { createHash } from "node:crypto";
import { chmod, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cachedDirectory } from "../cached-directory.ts";
import { runTool } from "../judges/run-tool.ts";
import type { RealLayer } from "../real-images/layer.ts";
import { workspaceCache } from "../workspace-cache.ts";
import { imageFile } from "./image-files.ts";

/** `static` needs nothing but the kernel; the others need the loader and the libc of their name. */
export type ProbeLinking = "static" | "glibc" | "musl";

const COMPILERS: Readonly<Record<ProbeLinking, readonly [program: string, ...args: string[]]>> = {
  static: ["musl-gcc", "-static"],
  glibc: ["gcc"],
  musl: ["musl-gcc"],
};

/** What `requireJudge` has to find for `probeBinary` to work: Debian's gcc, libc6-dev and musl-tools. */
export const PROBE_TOOLS: readonly string[] = ["gcc", "musl-gcc"];

/**
 * The path of the program whose commands are in `guest-images/README.md`, for x86-64; compiled on first use and kept in the
 * workspace's cache.
 */
export async function probeBinary(linking: ProbeLinking): Promise<string> {
  const [program, ...args] = COMPILERS[linking];
  const source = imageFile("probe.c");
  const key = createHash("sha256")
    .update(JSON.stringify(await probeInputs()))
    .digest("hex")
    .slice(0, 16);
  const cache = await workspaceCache("probe");
  const directory = await cachedDirectory(join(cache, `${linking}-${key}`), async (aside) => {
    const probe = join(aside, "probe");
    await runTool(program, [...args, "-std=gnu11", "-O2", "-s", "-o", probe, source]);
    await chmod(probe, 0o755);
  });
  return join(directory, "probe");
}

/** What decides the program's bytes: its source and its compiler. */
export async function probeInputs(): Promise<string[]> {
  return await Promise.all([
    readFile(imageFile("probe.c"), "utf8"),
    runTool("gcc", ["-dumpfullversion"]),
    runTool("musl-gcc", ["-dumpmachine"]),
  ]);
}

/** A layer that holds the program alone, at a path in the image. */
export async function probeLayer(scratch: string, linking: ProbeLinking, path: string): Promise<RealLayer> {
  const directory = join(scratch, "probe-layer");
  await runTool("install", ["-D", "-m", "755", await probeBinary(linking), join(directory, path)]);
  return { directory };
}
