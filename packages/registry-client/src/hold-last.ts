/**
 * Passes chunks on, the last one only when the source has ended without an error: who reads has not all that was promised
 * before a check at the source's end has passed. A chunk's memory is used again when the next one is asked for.
 */
export async function* holdLast(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let memory = Buffer.alloc(0);
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (held) yield held;
    if (memory.length < chunk.length) memory = Buffer.allocUnsafeSlow(chunk.length);
    memory.set(chunk);
    held = memory.subarray(0, chunk.length);
  }
  if (held) yield held;
}
