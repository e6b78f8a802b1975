/**
 * Works on items in their order, at most `limit` at a time. The first failure stops the others, by the signal that they
 * were given, and is what this rejects with, once all have ended.
 */
export async function concurrently<Item>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const queue = items.values();

  // Several take from one iterator: the next item begins whenever one ends.
  async function run(): Promise<void> {
    for (const item of queue) {
      both.throwIfAborted();
      await work(item, both);
    }
  }

  const running = Array.from({ length: limit }, async () => {
    try {
      await run();
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  try {
    await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
}
