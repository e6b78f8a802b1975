import type { VNode } from "preact";
import { isFinal, type BuildState } from "./api-types.ts";

/** A build's state as a word; the shape in front says the same as its colour. */
export function StateMark({ state }: { state: BuildState }): VNode {
  const kind = isFinal(state) ? state : state === "queued" ? "waiting" : "running";
  return <span class={`state ${kind}`}>{state}</span>;
}
