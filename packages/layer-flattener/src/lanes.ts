/**
 * Lets several layers be read at once and yet decides in one order. Each lane stands at a place, the bytes that it has
 * passed; what lies before all others has its turn. So the order depends on the layers alone, and the threads that
 * unpack them all have work.
 */
export interface Lane {
  /** Settles, or answers nothing, when this lane's next step is the one to take. */
  wait(): Promise<void> | undefined;
  /** The step was taken; the next one lies `bytes` further on. */
  pass(bytes: number): void;
  /** No further steps come: the other lanes wait for this one no more. */
  leave(): void;
}

/** Ties go to the lane that comes first. */
export function createLanes(count: number): readonly Lane[] {
  const places = Array.from({ length: count }, () => 0);
  const waiting = new Map<number, () => void>();

  function first(): number {
    let found = 0;
    for (const [lane, place] of places.entries()) if (place < (places[found] ?? Infinity)) found = lane;
    return found;
  }

  function move(lane: number, place: number): void {
    places[lane] = place;
    const next = first();
    const wake = waiting.get(next);
    waiting.delete(next);
    wake?.();
  }

  return places.map((_, lane) => ({
    wait() {
      if (first() === lane) return undefined;
      return new Promise<void>((resolve) => void waiting.set(lane, resolve));
    },
    pass: (bytes) => move(lane, (places[lane] ?? 0) + bytes),
    leave: () => move(lane, Infinity),
  }));
}
