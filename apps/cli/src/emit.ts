import { basename, dirname, join, resolve } from "node:path";
import { createDurableFile, fileError } from "@bootlayer/durable-file";
import { launchFile, type LaunchFile, type LaunchFormat, type LaunchMachine } from "@bootlayer/image-builder";
import type { EmitTarget } from "./guest-arguments.ts";

/** A launch file that is in place. */
export interface EmittedFile {
  readonly format: LaunchFormat;
  /** Absolute path. */
  readonly file: string;
  /** The shell command that starts the machine, from the file's directory. */
  readonly command: string;
}

/**
 * Makes the texts of all launch files, so that what a monitor cannot do is refused before anything is written.
 *
 * @throws {GuestError} GUEST_LAUNCH.
 */
export function launchFiles(
  targets: readonly EmitTarget[],
  machine: (format: LaunchFormat) => LaunchMachine,
): LaunchFile[] {
  return targets.map(({ format }) => launchFile(format, machine(format)));
}

/** Writes launch files, each to where it was asked for, or beside the disk. */
export async function writeLaunchFiles(
  files: readonly LaunchFile[],
  targets: readonly EmitTarget[],
  disk: string,
): Promise<EmittedFile[]> {
  const emitted: EmittedFile[] = [];
  for (const [index, { format, name, text, executable, command }] of files.entries()) {
    const path = resolve(targets[index]?.file ?? join(dirname(disk), name));
    await writeWhole(path, text, executable ? 0o777 : 0o666);
    // The command names the file, under the name that it would have had.
    emitted.push({ format, file: path, command: command.replace(name, basename(path)) });
  }
  return emitted;
}

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await createDurableFile(path, { mode });
  try {
    await file.handle.writeFile(text);
    await file.commit();
  } catch (cause) {
    await file.discard();
    throw fileError(`write ${path}`, cause);
  }
}
