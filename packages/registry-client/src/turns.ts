/**
 * Requests, or uploads, wait here for their turn, so that no more are under way than a host, and this machine's line, shall bear.
 *
 * Who has a turn may not wait for another one of the same `Turns`: if all did, none would come.
 */
export interface Turns {
  /**
   * Waits until both the host and all hosts together have room, and takes both at once: none is held while the other is waited
   * for. So what waits for its host keeps nobody from another host, and there is no order of taking in which two could wait for
   * each other. First come, first served, by host. What it answers with ends the turn.
   *
   * @throws the signal's reason when aborted, also while it waits.
   */
  begin(host: string, signal: AbortSignal): Promise<() => void>;
}

export interface TurnLimits {
  readonly perHost: number;
  readonly inAll: number;
}

interface Waiting {
  readonly host: string;
  readonly start: () => void;
}

export function createTurns({ perHost, inAll }: TurnLimits): Turns {
  const ofHosts = new Map<string, number>();
  const waiting = new Set<Waiting>();
  let all = 0;

  function hasRoom(host: string): boolean {
    return (ofHosts.get(host) ?? 0) < perHost && all < inAll;
  }

  function take(host: string): () => void {
    ofHosts.set(host, (ofHosts.get(host) ?? 0) + 1);
    all++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (ofHosts.get(host) ?? 1) - 1;
      if (left === 0) ofHosts.delete(host);
      else ofHosts.set(host, left);
      all--;
      startNext();
    };
  }

  /** In the order in which they came, past those whose host has no room yet. */
  function startNext(): void {
    for (const request of waiting) {
      if (!hasRoom(request.host)) continue;
      waiting.delete(request);
      request.start();
    }
  }

  return {
    async begin(host, signal) {
      signal.throwIfAborted();
      if (hasRoom(host)) return take(host);
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const request: Waiting = { host, start: () => resolve(take(host)) };
      const onAbort = (): void => {
        // Not in the queue any more: its turn has come, and whoever gets it ends it.
        if (waiting.delete(request)) reject(signal.reason);
      };
      waiting.add(request);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await promise;
      } finally {
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}
