import type { VNode } from "preact";
import { Fragment } from "preact";

/** A reference that breaks where its parts end; `short` leaves out most of a digest. */
export function SourceName({ source, short = false }: { source: string; short?: boolean }): VNode {
  const shown = short ? source.replace(/(@sha256:[0-9a-f]{12})[0-9a-f]+$/, "$1…") : source;
  return (
    <>
      {shown.split(/(?<=\/)|(?=@)|(?<!@sha256)(?=:)/).map((part, index) => (
        <Fragment key={`${index} ${part}`}>
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
