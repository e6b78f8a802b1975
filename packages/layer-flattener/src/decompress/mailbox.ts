/** A queue between one who puts and one who waits. Its bound is kept by those who use it: they hand slots round. */
export interface Mailbox<Item> {
  put(item: Item): void;
  /** Every `take` that waits or follows rejects. The first failure counts. */
  fail(error: unknown): void;
  /** The oldest item, waiting for one if need be. One call at a time. */
  take(): Promise<Item>;
}

export function createMailbox<Item>(): Mailbox<Item> {
  const items: Item[] = [];
  let failure: { readonly error: unknown } | undefined;
  let waiting: PromiseWithResolvers<Item> | undefined;
  return {
    put(item) {
      if (waiting === undefined) items.push(item);
      else waiting.resolve(item);
      waiting = undefined;
    },
    fail(error) {
      failure ??= { error };
      waiting?.reject(failure.error);
      waiting = undefined;
    },
    async take() {
      if (failure !== undefined) throw failure.error;
      const [item] = items.splice(0, 1);
      if (item !== undefined) return item;
      waiting = Promise.withResolvers<Item>();
      return waiting.promise;
    },
  };
}
