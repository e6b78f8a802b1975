/**
 * Asks for the next chunk while the last one is worked on, so that what `chunks` does for it (waiting, hashing) costs the
 * decoder no time. Chunks are copied, since a source may use their memory again; a chunk given on is valid until the
 * next one is asked for.
 */
export async function* oneAhead(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let [spare, inUse]: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];

  async function take(): Promise<Buffer | undefined> {
    const step = await iterator.next();
    if (step.done === true) return undefined;
    if (spare.length < step.value.length) spare = Buffer.allocUnsafeSlow(step.value.length);
    spare.set(step.value);
    return spare.subarray(0, step.value.length);
  }

  /** A failure is told when its chunk's turn comes; until then it must not count as unhandled. */
  function begin(): Promise<Buffer | undefined> {
    const taking = take();
    taking.catch(() => {});
    return taking;
  }

  let taking = begin();
  try {
    for (let chunk = await taking; chunk !== undefined; chunk = await taking) {
      [spare, inUse] = [inUse, spare];
      taking = begin();
      yield chunk;
    }
  } finally {
    await taking.catch(() => {});
    await iterator.return?.();
  }
}
