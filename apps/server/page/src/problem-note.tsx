import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Problem } from "./problem.ts";
import { TokenForm } from "./token-form.tsx";

/** What went wrong and what can be done. Where a token is wanted, the field for it. */
export function ProblemNote({
  problem,
  onRetry,
}: {
  problem: Omit<Problem, "status"> & { readonly status?: number };
  onRetry?: (() => void) | undefined;
}): VNode {
  if (problem.status === 401) return <TokenForm problem={problem} />;
  const { code, detail, hint } = problem;
  return (
    <div class="note bad" role="alert">
      <p class="detail">
        <strong>{detail}</strong>
      </p>
      {hint !== "" && <p>{hint}</p>}
      <p class="fine">
        <code>{code}</code>
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** As above, and the keyboard is put there: for what came of something that the person has just done. */
export function FocusedProblem({ problem }: { problem: Problem }): VNode {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => place.current?.focus(), [problem]);
  return (
    <div ref={place} tabIndex={-1}>
      <ProblemNote problem={problem} />
    </div>
  );
}
