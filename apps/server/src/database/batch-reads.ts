import type { OpenDatabase } from "./open-database.ts";

interface Batch<Value> {
  readonly keys: Set<string>;
  readonly rows: PromiseWithResolvers<ReadonlyMap<string, Value>>;
}

/** What is asked for while so many run goes with the next. A connection that has died without a word must not hold up all. */
const statementsAtOnce = { embedded: 1, postgresql: 4 };

/**
 * One statement for the rows that many requests ask for at once, and so one for all who ask for the same row. A statement begins after all
 * who are answered from it have asked, so that each is told what is written by then, as by a statement of its own: nothing is kept.
 */
export function batchReads<Value>(
  kind: OpenDatabase["kind"],
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
): (key: string) => Promise<Value | undefined> {
  const atOnce = statementsAtOnce[kind];
  let next: Batch<Value> | undefined;
  let running = 0;

  function start(): void {
    if (next === undefined || running >= atOnce) return;
    const { keys, rows } = next;
    next = undefined;
    running++;
    read([...keys])
      .then(rows.resolve, rows.reject)
      .finally(() => {
        running--;
        start();
      });
  }

  return async (key) => {
    if (next === undefined) {
      next = { keys: new Set(), rows: Promise.withResolvers() };
      // After the other requests that have come by now: the embedded database lets nobody speak while it works.
      setImmediate(start);
    }
    next.keys.add(key);
    return (await next.rows.promise).get(key);
  };
}
