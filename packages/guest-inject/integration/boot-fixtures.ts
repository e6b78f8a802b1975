import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { requireCloudKernel, requireJudge } from "@bootlayer/test-fixtures";
import type { LaunchMachine } from "../src/launch/machine.ts";

const tools = requireJudge("qemu-system-x86_64", "musl-gcc", "cpio", "busybox");
const cloud = await requireCloudKernel();
/** What boots of these tests need. */
export const bootJudge = tools.skip ? tools : cloud;
export const kernel: string = cloud.kernel;

/** A machine with Debian's cloud kernel. */
export function machineOf(initrd: string, ...kernelArguments: readonly string[]): LaunchMachine {
  return {
    architecture: "amd64",
    kernel,
    initrd,
    kernelArguments: ["quiet", ...kernelArguments],
    disks: [],
    memoryMiB: 192,
    cpus: 1,
  };
}

/** Writes a shell script under a program's name into `DIRECTORY/bin`, and returns that. */
export async function fakeProgram(directory: string, name: string, script: string): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(bin, name), 0o755);
  return bin;
}

/** The processes that have this text in their arguments, zombies left out: these have none. */
export async function processesWith(text: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => "");
    if (line.includes(text)) found.push(pid);
  }
  return found;
}
