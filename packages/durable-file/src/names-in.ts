import { readdir } from "node:fs/promises";
import { fileError } from "./errors.ts";

/** The names in a directory, in no order; none where there is no such directory. @throws {DurableFileError} */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    const error = fileError(`read ${directory}`, cause);
    if (error.code === "FILE_NOT_FOUND") return [];
    throw error;
  }
}
