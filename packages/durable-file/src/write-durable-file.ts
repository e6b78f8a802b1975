import { createDurableFile, type DurableFileOptions } from "./durable-file.ts";
import { fileError } from "./errors.ts";

/**
 * Writes a small file: it is there whole, and on disk, when this settles, or nothing has changed.
 *
 * @param options - where `replace` is false and the name is taken: FILE_EXISTS, and the other file stays. Default: true.
 * @throws {DurableFileError}
 */
export async function writeDurableFile(
  path: string,
  content: string | Uint8Array,
  { replace = true, ...options }: DurableFileOptions & { readonly replace?: boolean } = {},
): Promise<void> {
  const file = await createDurableFile(path, options);
  try {
    await file.handle.writeFile(content);
    await file.commit({ replace });
  } catch (cause) {
    throw fileError(`write ${path}`, cause);
  } finally {
    // After a commit there is nothing left to discard.
    await file.discard();
  }
}
