/** Few calls, and memory that does not count: two of these for each file that is read. */
const chunkBytes = 2 ** 20;

/**
 * A part of a file in chunks of 1 MiB: while one is worked on, the next is read. A chunk's memory is used again when the next one is
 * asked for.
 *
 * @param fill - reads so many bytes as the buffer has from a position of the file on, all or an error, which passes through.
 * @throws the signal's reason when aborted.
 */
export async function* readAhead(
  fill: (buffer: Buffer, position: number) => Promise<void>,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const end = offset + length;
  let buffer = Buffer.allocUnsafeSlow(Math.min(length, chunkBytes));
  let spare = Buffer.allocUnsafeSlow(Math.min(Math.max(length - chunkBytes, 0), chunkBytes));
  let reading = read(buffer, offset);
  try {
    for (let position = offset; position < end;) {
      const chunk = await reading;
      signal?.throwIfAborted();
      position += chunk.length;
      [buffer, spare] = [spare, buffer];
      if (position < end) reading = read(buffer.subarray(0, end - position), position);
      yield chunk;
    }
  } finally {
    await reading.catch(() => {});
  }

  function read(into: Buffer, position: number): Promise<Buffer> {
    const filled = fill(into, position).then(() => into);
    // It may fail before it is waited for: that alone must not count as unhandled.
    filled.catch(() => {});
    return filled;
  }
}
