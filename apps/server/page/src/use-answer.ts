import { useCallback, useEffect, useState } from "preact/hooks";
import { problemOf, type Problem } from "./problem.ts";

export interface Answer<Value> {
  /** The last one that came; stays while the next is asked for, and where that fails. */
  readonly value: Value | undefined;
  readonly problem: Problem | undefined;
  readonly reload: () => void;
}

/** Asks when it is first shown, when `dependencies` change, and so many milliseconds after each answer while somebody looks. */
export function useAnswer<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  dependencies: readonly unknown[],
  pauseAfter: (value: Value | undefined) => number | undefined = () => undefined,
): Answer<Value> {
  const [state, setState] = useState<Omit<Answer<Value>, "reload">>({ value: undefined, problem: undefined });
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let latest: Value | undefined;
    const again = (): void => {
      const pause = pauseAfter(latest);
      if (pause !== undefined && !signal.aborted)
        timer = setTimeout(() => (document.hidden ? again() : void load()), pause);
    };
    const load = async (): Promise<void> => {
      try {
        const value = await ask(signal);
        latest = value;
        if (!signal.aborted) setState({ value, problem: undefined });
      } catch (error) {
        if (!signal.aborted) setState(({ value }) => ({ value, problem: problemOf(error) }));
      }
      again();
    };
    void load();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [...dependencies, round]);

  const reload = useCallback(() => setRound((round) => round + 1), []);
  return { ...state, reload };
}
