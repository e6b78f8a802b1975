/** Where a build is. The last three are final; a retry makes a new build. */
export const buildStates = [
  "queued",
  "resolving",
  "pulling",
  "flattening",
  "writing",
  "verifying",
  "ready",
  "failed",
  "cancelled",
] as const;
export type BuildState = (typeof buildStates)[number];

export const finalStates: ReadonlySet<BuildState> = new Set(["ready", "failed", "cancelled"]);

/** Why a build failed, as RFC 9457 has it: `code` is image-builder's or this server's error code. */
export interface BuildProblem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
}
