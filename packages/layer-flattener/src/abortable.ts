/** Passes chunks on until the signal aborts: then it rejects at once, also where the source never answers. */
export async function* abortable<Chunk>(
  chunks: AsyncGenerator<Chunk>,
  signal: AbortSignal,
): AsyncGenerator<Chunk> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (;;) {
      const step = await Promise.race([chunks.next(), aborted.promise]);
      if (step.done === true) return;
      yield step.value;
      signal.throwIfAborted();
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // A generator that is stuck answers `return` never: it is not waited for.
    chunks.return(undefined).catch(() => {});
  }
}
