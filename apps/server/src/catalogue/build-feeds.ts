import type { BuildEventRow } from "./build-events.ts";

/** One reader of the database for each build that is watched, however many watch it. */
export interface BuildFeeds {
  /**
   * Events of a build after a sequence number, as they come; it ends after the last one, or when `signal` is aborted. A watcher
   * that takes nothing holds nothing but its place: what it missed is read when it asks.
   */
  watch(buildId: string, after: number, signal: AbortSignal): AsyncIterable<BuildEventRow>;
  close(): Promise<void>;
}
