import type { VNode } from "preact";
import { finalStates } from "../../src/catalogue/build.ts";
import { BootSection } from "./boot-section.tsx";
import { BuildActions } from "./build-actions.tsx";
import { BuildProgressSection } from "./build-progress-section.tsx";
import { BuildResult } from "./build-result.tsx";
import { formatTime } from "./format.ts";
import { ImageTree } from "./image-tree.tsx";
import { PageTitle } from "./page-title.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { SourceName } from "./source-name.tsx";
import { StateMark } from "./state-mark.tsx";
import { useBuild } from "./use-build.ts";

export function BuildView({ id }: { id: string }): VNode {
  const { build, progress, isCut, problem, reload } = useBuild(id);
  const state = progress?.state ?? build?.state;
  const isOver = build !== undefined && finalStates.has(build.state);
  return (
    <>
      <nav aria-label="Where this is">
        <a href="#/">All builds</a>
      </nav>
      <PageTitle title={build && state ? `${state}: ${build.request.source}` : "Build"}>
        {build ? <SourceName source={build.request.source} /> : "Build"}
      </PageTitle>
      {problem && <ProblemNote problem={problem} onRetry={problem.status === 404 ? undefined : reload} />}
      {build && state && (
        <div class="under-title">
          <StateMark state={state} />
          <span class="fine">
            {build.request.format}
            {build.request.guest ? ", with a guest" : ""}, asked for{" "}
            <time dateTime={build.createdAt}>{formatTime(build.createdAt)}</time>
          </span>
          <BuildActions build={build} state={state} onChange={reload} />
        </div>
      )}
      {/* Always there, so that what is put into it is read out. */}
      <div role="status">
        {isCut && <p class="note">The connection to the server is lost. Trying again …</p>}
      </div>
      {build?.problem && <ProblemNote problem={build.problem} />}
      {build?.state === "ready" && (
        <>
          <BuildResult build={build} />
          <BootSection build={build} />
          <ImageTree id={id} hasGuest={build.request.guest !== undefined} />
        </>
      )}
      {progress && !isOver && <BuildProgressSection progress={progress} />}
    </>
  );
}
