import type { BuildState } from "@bootlayer/client";
import { finalStates } from "../../src/catalogue/build.ts";
import type { VNode } from "preact";

/** A build's state as a word; the shape in front says the same as its colour. */
export function StateMark({ state }: { state: BuildState }): VNode {
  const kind = finalStates.has(state) ? state : state === "queued" ? "waiting" : "running";
  return <span class={`state ${kind}`}>{state}</span>;
}
