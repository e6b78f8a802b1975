import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { listPushedImages } from "./api.ts";
import { ProblemNote } from "./problem-note.tsx";
import { SourceName } from "./source-name.tsx";
import { useAnswer } from "./use-answer.ts";

/** Images in the server's own registry. Their buttons submit the form `form`, with the image in the place of the one that is entered. */
export function PushedImages({ form }: { form: string }): VNode | null {
  const [after, setAfter] = useState<string>();
  const { value, problem, reload } = useAnswer(
    (signal) => listPushedImages(after, signal),
    [after],
    () => 15_000,
  );
  if (!problem && after === undefined && (value?.images.length ?? 0) === 0) return null;
  return (
    <section class="card" aria-labelledby="pushed-title">
      <h2 id="pushed-title">Pushed here</h2>
      {problem && <ProblemNote problem={problem} onRetry={reload} />}
      {value && (
        <>
          <p class="fine">Each is built as the form above says.</p>
          <ul class="pushed" role="list" aria-labelledby="pushed-title">
            {value.images.map(({ source, platforms }) => (
              <li key={source}>
                <span>
                  <SourceName source={shortName(source)} />
                  <span class="fine"> {platforms.join(", ")}</span>
                </span>
                <button type="submit" form={form} name="pushed" value={source} formNoValidate>
                  Build<span class="unseen"> {shortName(source)}</span>
                </button>
              </li>
            ))}
          </ul>
          {after !== undefined && (
            <button type="button" class="quiet" onClick={() => setAfter(undefined)}>
              First images
            </button>
          )}
          {value.next !== undefined && (
            <button type="button" class="quiet" onClick={() => setAfter(value.next)}>
              Further images
            </button>
          )}
        </>
      )}
    </section>
  );
}

/** Without the server's own address. */
function shortName(source: string): string {
  return source.slice(source.indexOf("/") + 1);
}
