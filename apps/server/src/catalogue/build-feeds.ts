import { buildChannel } from "../database/notify.ts";
import type { OpenDatabase } from "../database/open-database.ts";
import { finalKinds, readEvents, type BuildEventRow } from "./build-events.ts";

/** One reader of the database for each build that is watched, however many watch it. */
export interface BuildFeeds {
  /**
   * Events of a build after a sequence number, as they come; it ends after the last one, when the build is deleted, or when `signal` is
   * aborted. A watcher that takes nothing holds nothing but its place: what it missed it is given when it asks, of progress the latest.
   */
  watch(buildId: string, after: number, signal: AbortSignal): AsyncIterable<BuildEventRow>;
  /** Ends all watching. */
  close(): Promise<void>;
}

interface Feed {
  /** The latest events, in order. */
  events: BuildEventRow[];
  /** All events after this one are among them. */
  completeAfter: number;
  watchers: number;
  /** Watchers that wait for more. */
  readonly waiting: Set<() => void>;
  reading: Promise<void> | undefined;
  readAgain: boolean;
  isOver: boolean;
}

const keptEvents = 500;
/** A message that a build has changed may be lost with a connection. */
const netMilliseconds = 5000;

export async function openBuildFeeds({
  db,
  listen,
}: Pick<OpenDatabase, "db" | "listen">): Promise<BuildFeeds> {
  const feeds = new Map<string, Feed>();
  const closing = new AbortController();
  const stopListening = await listen(buildChannel, (buildId) => {
    const feed = feeds.get(buildId);
    if (feed !== undefined) void read(buildId, feed);
  });
  const net = setInterval(() => {
    for (const [buildId, feed] of feeds) void read(buildId, feed, true);
  }, netMilliseconds);
  net.unref();

  /** Reads what is new: one read at a time, and once more where something came meanwhile. */
  function read(buildId: string, feed: Feed, isNet = false): Promise<void> {
    if (feed.reading !== undefined) {
      feed.readAgain = true;
      return feed.reading;
    }
    feed.reading = readNew(buildId, feed, isNet)
      // Tried again by the net.
      .catch(() => {})
      .finally(() => {
        feed.reading = undefined;
        if (!feed.readAgain) return;
        feed.readAgain = false;
        void read(buildId, feed);
      });
    return feed.reading;
  }

  async function readNew(buildId: string, feed: Feed, isNet: boolean): Promise<void> {
    for (;;) {
      const last = feed.events.at(-1)?.sequence ?? feed.completeAfter;
      const rows = await readEvents(db, buildId, last, keptEvents);
      if (rows.length === 0) {
        if (isNet && !(await isThere(buildId))) feed.isOver = true;
        else return;
      }
      feed.events = latest([...feed.events, ...rows]);
      const [dropped] = feed.events.splice(0, feed.events.length - keptEvents).slice(-1);
      if (dropped !== undefined) feed.completeAfter = dropped.sequence;
      for (const wake of feed.waiting) wake();
      if (rows.length < keptEvents) return;
    }
  }

  async function isThere(buildId: string): Promise<boolean> {
    return (
      (await db.selectFrom("builds").select("id").where("id", "=", buildId).executeTakeFirst()) !== undefined
    );
  }

  function enter(buildId: string): Feed {
    const feed = feeds.get(buildId) ?? {
      events: [],
      completeAfter: 0,
      watchers: 0,
      waiting: new Set<() => void>(),
      reading: undefined,
      readAgain: false,
      isOver: false,
    };
    feeds.set(buildId, feed);
    feed.watchers++;
    return feed;
  }

  function leave(buildId: string, feed: Feed): void {
    feed.watchers--;
    if (feed.watchers === 0) feeds.delete(buildId);
  }

  return {
    async *watch(buildId, after, outer) {
      const signal = AbortSignal.any([outer, closing.signal]);
      const feed = enter(buildId);
      let place = after;
      let wake: (() => void) | undefined;
      const onAbort = (): void => wake?.();
      signal.addEventListener("abort", onAbort);
      try {
        if (feed.watchers === 1) await read(buildId, feed);
        while (!signal.aborted) {
          const rows =
            place < feed.completeAfter
              ? await readEvents(db, buildId, place, keptEvents)
              : feed.events.filter(({ sequence }) => sequence > place);
          for (const row of rows) {
            if (signal.aborted) return;
            place = row.sequence;
            yield row;
            if (finalKinds.has(row.kind)) return;
          }
          if (rows.length > 0) continue;
          if (feed.isOver) return;
          await new Promise<void>((resolve) => {
            wake = resolve;
            feed.waiting.add(wake);
          });
          if (wake !== undefined) feed.waiting.delete(wake);
        }
      } finally {
        signal.removeEventListener("abort", onAbort);
        leave(buildId, feed);
      }
    },
    async close() {
      closing.abort();
      clearInterval(net);
      await stopListening();
    },
  };
}

/** Of progress only the last is of use. */
function latest(events: readonly BuildEventRow[]): BuildEventRow[] {
  const last = events.findLastIndex(({ kind }) => kind === "progress");
  return events.filter(({ kind }, at) => kind !== "progress" || at === last);
}
