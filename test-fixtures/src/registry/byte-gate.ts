/** Holds the bytes of answers back until a test lets them go. */
export interface ByteGate {
  /** So many further bytes may go, in whichever answer they are. */
  release(bytes: number): void;
  /** Everything may go from now on. */
  open(): void;
  /** How many of at most `wanted` bytes may go now; waits for at least one. */
  take(wanted: number): Promise<number>;
}

export function byteGate(): ByteGate {
  let allowed = 0;
  let waiting: (() => void)[] = [];

  function release(bytes: number): void {
    allowed += bytes;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  return {
    release,
    open: () => release(Infinity),
    async take(wanted) {
      for (;;) {
        const taken = Math.min(wanted, allowed);
        allowed -= taken;
        if (taken > 0) return taken;
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  };
}
