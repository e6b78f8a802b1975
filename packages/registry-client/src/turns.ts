/** Requests wait here for their turn, so that no more are under way than a host, and this machine's line, shall bear. */
export interface Turns {
  /**
   * Waits until both the host and, unless `isBeside`, all hosts together have room, and takes both at once: none is held
   * while the other is waited for. So a request that waits for its host keeps nobody from another host, and there is no order
   * of taking in which two could wait for each other. First come, first served, by host. What it answers with ends the turn.
   *
   * @param isBeside - counts for its host alone.
   * @throws the signal's reason when aborted, also while it waits.
   */
  begin(host: string, isBeside: boolean, signal: AbortSignal): Promise<() => void>;
}

export interface TurnLimits {
  readonly perHost: number;
  readonly inAll: number;
}

interface Waiting {
  readonly host: string;
  readonly isBeside: boolean;
  readonly start: () => void;
}

export function createTurns({ perHost, inAll }: TurnLimits): Turns {
  const ofHosts = new Map<string, number>();
  const waiting = new Set<Waiting>();
  let all = 0;

  function hasRoom(host: string, isBeside: boolean): boolean {
    return (ofHosts.get(host) ?? 0) < perHost && (isBeside || all < inAll);
  }

  function take(host: string, isBeside: boolean): () => void {
    ofHosts.set(host, (ofHosts.get(host) ?? 0) + 1);
    if (!isBeside) all++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const left = (ofHosts.get(host) ?? 1) - 1;
      if (left === 0) ofHosts.delete(host);
      else ofHosts.set(host, left);
      if (!isBeside) all--;
      startNext();
    };
  }

  /** In the order in which they came, past those whose host has no room yet. */
  function startNext(): void {
    for (const request of waiting) {
      if (!hasRoom(request.host, request.isBeside)) continue;
      waiting.delete(request);
      request.start();
    }
  }

  return {
    async begin(host, isBeside, signal) {
      signal.throwIfAborted();
      if (hasRoom(host, isBeside)) return take(host, isBeside);
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const request: Waiting = { host, isBeside, start: () => resolve(take(host, isBeside)) };
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
