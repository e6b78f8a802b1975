/** Runs writes one after another, and of snapshots only the latest, not more often than every so many milliseconds. */
export interface ProgressWriter {
  /** Something to be written in its turn. */
  add(write: () => Promise<void>): void;
  /** The snapshot has changed. */
  changed(): void;
  /** Waits until all is written. @throws what a write has thrown. */
  flush(): Promise<void>;
}

export function progressWriter(
  writeSnapshot: () => Promise<void>,
  intervalMilliseconds: number,
): ProgressWriter {
  let last: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let lastSnapshot = 0;

  function add(write: () => Promise<void>): void {
    last = last.then(write);
    // Told to who waits for the end; until then it is nobody's.
    last.catch(() => {});
  }

  function writeNow(): void {
    clearTimeout(timer);
    timer = undefined;
    lastSnapshot = performance.now();
    add(writeSnapshot);
  }

  return {
    add(write) {
      // What is known before comes before.
      if (timer !== undefined) writeNow();
      add(write);
    },
    changed() {
      timer ??= setTimeout(writeNow, Math.max(0, lastSnapshot + intervalMilliseconds - performance.now()));
    },
    async flush() {
      if (timer !== undefined) writeNow();
      await last;
    },
  };
}
