import type { Build } from "@bootlayer/client";
import type { VNode } from "preact";
import { finalStates } from "../../src/catalogue/build.ts";
import { listBuilds } from "./api.ts";
import { BuildFilterForm } from "./build-filter.tsx";
import { BuildForm } from "./build-form.tsx";
import { formatBytes, formatTime } from "./format.ts";
import { PageTitle } from "./page-title.tsx";
import { ProblemNote } from "./problem-note.tsx";
import { PushedImages } from "./pushed-images.tsx";
import { routeHash, type BuildFilter } from "./route.ts";
import { SourceName } from "./source-name.tsx";
import { StateMark } from "./state-mark.tsx";
import { useAnswer } from "./use-answer.ts";

export function BuildsView({ filter }: { filter: BuildFilter }): VNode {
  const address = routeHash({ view: "builds", filter });
  const { value, problem, reload } = useAnswer(
    (signal) => listBuilds(filter, signal),
    [address],
    (list) => (list?.builds.some(({ state }) => !finalStates.has(state)) ? 2000 : 10_000),
  );
  return (
    <>
      <PageTitle title="Disks">Disks</PageTitle>
      {problem?.status === 401 ? (
        <ProblemNote problem={problem} />
      ) : (
        <div class="columns">
          <div>
            <BuildForm id="build-form" />
            <PushedImages form="build-form" />
          </div>
          <section aria-labelledby="builds-title">
            <h2 id="builds-title">Builds</h2>
            <BuildFilterForm filter={filter} />
            {problem && <ProblemNote problem={problem} onRetry={reload} />}
            {value && <BuildRows builds={value.builds} isFiltered={address !== "#/"} />}
            {value && <Paging filter={filter} next={value.next} />}
            {!value && !problem && <p class="fine">Asking the server …</p>}
          </section>
        </div>
      )}
    </>
  );
}

function BuildRows({ builds, isFiltered }: { builds: readonly Build[]; isFiltered: boolean }): VNode {
  if (builds.length === 0)
    return <p>{isFiltered ? "No build is like that." : "Nothing has been built yet."}</p>;
  return (
    // Without markers a list is one for Safari only if it is said to be.
    <ul class="builds" role="list">
      {builds.map(({ id, state, request, report, createdAt }) => (
        <li key={id}>
          <StateMark state={state} />
          <a href={routeHash({ view: "build", id })}>
            <SourceName source={request.source} short />
          </a>
          <span class="fine about">
            {[
              request.format,
              report?.platform ?? request.platform,
              report?.bytes !== undefined && formatBytes(report.bytes),
            ]
              .filter(Boolean)
              .join(", ")}
          </span>
          <time class="fine" dateTime={createdAt}>
            {formatTime(createdAt)}
          </time>
        </li>
      ))}
    </ul>
  );
}

function Paging({ filter, next }: { filter: BuildFilter; next: string | undefined }): VNode | null {
  const { cursor, ...first } = filter;
  if (cursor === undefined && next === undefined) return null;
  return (
    <nav class="paging" aria-label="Pages of the list">
      {cursor !== undefined && <a href={routeHash({ view: "builds", filter: first })}>Newest</a>}
      {next !== undefined && (
        <a href={routeHash({ view: "builds", filter: { ...filter, cursor: next } })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}
