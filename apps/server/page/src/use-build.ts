import type { Build } from "@bootlayer/client";
import { useCallback, useEffect, useState } from "preact/hooks";
import { finalStates } from "../../src/catalogue/build.ts";
import { announce } from "./announcer.tsx";
import { getBuild, watchEvents } from "./api.ts";
import { advance, startOf, type BuildProgress } from "./build-progress.ts";
import { problemOf, type Problem } from "./problem.ts";

export interface WatchedBuild {
  readonly build: Build | undefined;
  readonly progress: BuildProgress | undefined;
  /** Whether events stopped coming before the build ended. */
  readonly isCut: boolean;
  readonly problem: Problem | undefined;
  readonly reload: () => void;
}

/** A build, its events while it runs, and its result as soon as there is one. */
export function useBuild(id: string): WatchedBuild {
  const [build, setBuild] = useState<Build>();
  const [progress, setProgress] = useState<BuildProgress>();
  const [isCut, setCut] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [round, setRound] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;

    const onConnection = (isOpen: boolean): void => setCut(!isOpen);
    const follow = async (): Promise<void> => {
      const first = await getBuild(id, signal);
      setProblem(undefined);
      setBuild(first);
      let known = startOf(first.state);
      setProgress(known);
      if (finalStates.has(first.state)) return;
      for await (const event of watchEvents(id, { signal, onConnection })) {
        const next = advance(known, event);
        // What has happened before the page was opened is no news.
        if (next.state !== known.state && finalStates.has(next.state))
          announce(`The build is ${next.state}.`);
        known = next;
        setProgress(next);
      }
      setBuild(await getBuild(id, signal));
    };
    follow().catch((error: unknown) => {
      if (signal.aborted) return;
      setProblem(problemOf(error));
      setCut(false);
    });
    return () => controller.abort();
  }, [id, round]);

  const reload = useCallback(() => setRound((round) => round + 1), []);
  return { build, progress, isCut, problem, reload };
}
