import { access, constants } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileError, writeDurableFile } from "@bootlayer/durable-file";
import { launchFile, type LaunchFile, type LaunchFormat, type LaunchMachine } from "@bootlayer/image-builder";
import type { EmitTarget } from "./guest-arguments.ts";
import { usageError } from "./usage-error.ts";

/** A launch file that is in place. */
export interface EmittedFile {
  readonly format: LaunchFormat;
  /** Absolute path. */
  readonly file: string;
  /** The shell command that starts the machine, from the file's directory. */
  readonly command: string;
}

/** A launch file and its place. */
export interface PlacedLaunchFile extends LaunchFile {
  /** Absolute path: where it was asked for, or beside the disk. */
  readonly path: string;
}

/**
 * Makes the texts of all launch files, so that what a monitor cannot do is refused before anything is written.
 *
 * @param taken - absolute paths of what they start, the disk first: no launch file goes there.
 * @throws {GuestError} GUEST_LAUNCH. @throws {BuilderError} OPTIONS_INVALID where two files would have one place.
 */
export function launchFiles(
  targets: readonly EmitTarget[],
  machine: (format: LaunchFormat) => LaunchMachine,
  taken: readonly [disk: string, ...others: string[]],
): PlacedLaunchFile[] {
  const directory = dirname(taken[0]);
  const paths = new Set<string>(taken);
  return targets.map(({ format, file }) => {
    const made = launchFile(format, machine(format));
    const path = resolve(file ?? join(directory, made.name));
    if (paths.has(path)) throw usageError(`--emit ${format} would replace ${path}`);
    paths.add(path);
    return { ...made, path };
  });
}

/** Finds out before a disk is built for them whether they can be written. @throws {DurableFileError} FILE_NOT_FOUND, FILE_DENIED. */
export async function checkLaunchDirectories(files: readonly PlacedLaunchFile[]): Promise<void> {
  for (const { path } of files)
    await access(dirname(path), constants.W_OK | constants.X_OK).catch((cause: unknown) => {
      throw fileError(`write ${path}`, cause);
    });
}

export async function writeLaunchFiles(files: readonly PlacedLaunchFile[]): Promise<EmittedFile[]> {
  const emitted: EmittedFile[] = [];
  for (const { format, name, text, executable, command, path } of files) {
    await writeDurableFile(path, text, { mode: executable ? 0o777 : 0o666 });
    // The command names the file, under the name that it would have had.
    emitted.push({ format, file: path, command: command.replace(name, basename(path)) });
  }
  return emitted;
}
