import type { Build, BuildState } from "@bootlayer/client";
import type { VNode } from "preact";
import { useRef, useState } from "preact/hooks";
import { finalStates } from "../../src/catalogue/build.ts";
import { announce } from "./announcer.tsx";
import { cancelBuild, deleteBuild, retryBuild } from "./api.ts";
import { FocusedProblem } from "./problem-note.tsx";
import { problemOf, type Problem } from "./problem.ts";
import { goTo } from "./route.ts";

/** What can be done with a build: cancel one that runs, try a failed one again, delete one that has ended. */
export function BuildActions({
  build: { id, cancelRequested },
  state,
  onChange,
}: {
  build: Build;
  state: BuildState;
  onChange: () => void;
}): VNode {
  const [problem, setProblem] = useState<Problem>();
  const [isCancelling, setCancelling] = useState(cancelRequested);
  const dialog = useRef<HTMLDialogElement>(null);

  const run = (action: () => Promise<void>): void => {
    setProblem(undefined);
    action().catch((error: unknown) => {
      setCancelling(false);
      setProblem(problemOf(error));
    });
  };
  const cancel = (): void => {
    if (isCancelling) return;
    setCancelling(true);
    announce("The build is told to stop.");
    run(() => cancelBuild(id));
  };
  const retry = async (): Promise<void> => {
    const next = await retryBuild(id);
    if (next.id === id) onChange();
    else goTo({ view: "build", id: next.id });
  };
  const remove = async (): Promise<void> => {
    dialog.current?.close();
    await deleteBuild(id);
    announce("The build is deleted.");
    goTo({ view: "builds", filter: {} });
  };

  return (
    <>
      <span class="actions">
        {!finalStates.has(state) && (
          <button type="button" onClick={cancel} aria-disabled={isCancelling}>
            {isCancelling ? "Stopping …" : "Cancel"}
          </button>
        )}
        {(state === "failed" || state === "cancelled") && (
          <button type="button" class="main" onClick={() => run(retry)}>
            Build again
          </button>
        )}
        {finalStates.has(state) && (
          <button type="button" onClick={() => dialog.current?.showModal()}>
            Delete
          </button>
        )}
      </span>
      {problem && <FocusedProblem problem={problem} />}
      <dialog ref={dialog} aria-labelledby="delete-title">
        <h2 id="delete-title">Delete this build?</h2>
        <p>It goes from the list, and its disk with it unless another build has the same.</p>
        <p class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Keep
          </button>
          <button type="button" class="danger" onClick={() => run(remove)}>
            Delete build
          </button>
        </p>
      </dialog>
    </>
  );
}
