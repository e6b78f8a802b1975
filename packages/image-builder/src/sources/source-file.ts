import { open, type FileHandle } from "node:fs/promises";
import { fileError, readAhead } from "@bootlayer/durable-file";
import { BuilderError } from "../errors.ts";

/** A file that can be read at any place, by any number of readers at once, and that must stay as it is meanwhile. */
export interface SourceFile extends AsyncDisposable {
  /** Names it in errors. */
  readonly name: string;
  readonly size: number;
  /** @throws {BuilderError} SOURCE_CHANGED if the bytes are not all there any more. */
  readAt(position: number, length: number): Promise<Uint8Array>;
  /**
   * A part of it in chunks of up to 1 MiB. A chunk's memory is used again when the next one is asked for.
   *
   * @throws {BuilderError} SOURCE_CHANGED, at the end at the latest, if size or modification time are not what they were.
   */
  read(offset: number, length: number, signal: AbortSignal): AsyncGenerator<Uint8Array>;
}

/** What a path of a person's turned out to be. */
export type FoundFile = Readonly<
  | { kind: "file"; file: SourceFile }
  /** A pipe, such as a shell's `<(...)`: it can be read once, from its start. */
  | { kind: "stream"; chunks: AsyncIterable<Uint8Array>; close(): Promise<void> }
>;

/** @throws {BuilderError} SOURCE_NOT_FOUND, SOURCE_INVALID. @throws {DurableFileError} FILE_DENIED, FILE_FAILED. */
export async function findSourceFile(path: string): Promise<FoundFile> {
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw readError(path, cause);
  });
  try {
    const found = await handle.stat();
    if (found.isFile()) return { kind: "file", file: await sourceFile(path, handle, () => handle.close()) };
    if (found.isFIFO() || found.isCharacterDevice() || found.isSocket())
      return {
        kind: "stream",
        chunks: handle.createReadStream({ autoClose: false, highWaterMark: 2 ** 18 }),
        close: () => handle.close(),
      };
  } catch (cause) {
    await handle.close();
    throw readError(path, cause);
  }
  await handle.close();
  throw new BuilderError(
    "SOURCE_INVALID",
    `source ${path} is no file`,
    "name an archive; a directory is oci:DIR where it is an image layout, rootfs:DIR where it is a root file system",
  );
}

/** The file that is open, as it is now; `close` is called at the end of its use. */
export async function sourceFile(
  name: string,
  handle: FileHandle,
  close: () => Promise<void>,
): Promise<SourceFile> {
  const { size, mtimeNs } = await handle.stat({ bigint: true });

  async function expectUnchanged(): Promise<void> {
    const now = await handle.stat({ bigint: true });
    if (now.size !== size || now.mtimeNs !== mtimeNs) throw sourceChanged(name);
  }

  const fill = (buffer: Buffer, position: number) => readFully(handle, name, buffer, position);

  return {
    name,
    size: Number(size),
    async readAt(position, length) {
      const buffer = Buffer.allocUnsafe(length);
      await fill(buffer, position);
      return buffer;
    },
    async *read(offset, length, signal) {
      yield* readAhead(fill, { offset, length }, signal);
      await expectUnchanged();
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Fills a buffer. @throws {BuilderError} SOURCE_CHANGED if the file ends before. @throws {DurableFileError} FILE_FAILED. */
export async function readFully(
  handle: FileHandle,
  name: string,
  buffer: Uint8Array,
  position: number,
): Promise<void> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await handle
      .read(buffer, filled, buffer.length - filled, position + filled)
      .catch((cause: unknown) => {
        throw fileError(`read ${name}`, cause);
      });
    if (bytesRead === 0) throw sourceChanged(name);
    filled += bytesRead;
  }
}

export function sourceChanged(name: string, cause?: unknown): BuilderError {
  return new BuilderError(
    "SOURCE_CHANGED",
    `${name} was changed while it was read`,
    "let nothing write to it, and start again",
    { cause },
  );
}

/** What `node:fs` threw while a source was opened or read. */
export function readError(path: string, cause: unknown): Error {
  if (cause instanceof BuilderError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new BuilderError("SOURCE_NOT_FOUND", `there is no ${path}`, "name what is there", { cause });
  return fileError(`read ${path}`, cause);
}
