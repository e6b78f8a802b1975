/** What the API answers, as far as the page shows it. */
import { finalStates, type BuildState } from "../../src/catalogue/build.ts";

export { buildStates, type BuildState } from "../../src/catalogue/build.ts";

export function isFinal(state: BuildState): boolean {
  return finalStates.has(state);
}

export interface BuildRequest {
  readonly source: string;
  readonly platform?: string | undefined;
  readonly format: "ext4" | "squashfs";
  readonly size?: string | undefined;
  readonly compression?: string | undefined;
  readonly guest?: object | undefined;
}

export interface BuildProblem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
}

export interface GuestReport {
  readonly initSystem?: string | undefined;
  readonly kernelArguments?: readonly string[] | undefined;
  readonly warnings?: readonly string[] | undefined;
}

export interface StageTime {
  readonly stage: string;
  readonly seconds: number;
  readonly bytes: number;
}

export interface BuildReport {
  readonly digest?: string | undefined;
  readonly platform?: string | undefined;
  /** Length of the disk, holes included. */
  readonly bytes?: number | undefined;
  /** Bytes of the disk that are not holes. */
  readonly dataBytes?: number | undefined;
  readonly sha256?: string | undefined;
  /** Whether the disk was there already. */
  readonly cached?: boolean | undefined;
  readonly warnings?: readonly string[] | undefined;
  readonly guest?: GuestReport | undefined;
  readonly stages?: readonly StageTime[] | undefined;
}

export interface Build {
  readonly id: string;
  readonly state: BuildState;
  readonly request: BuildRequest;
  /** Place in the queue from 1. */
  readonly position?: number | undefined;
  /** Whether its worker has been told to stop. */
  readonly cancelRequested?: boolean | undefined;
  readonly problem?: BuildProblem | undefined;
  readonly report?: BuildReport | undefined;
  readonly createdAt: string;
  readonly startedAt?: string | undefined;
  readonly endedAt?: string | undefined;
}

export interface BuildList {
  readonly builds: readonly Build[];
  /** Where the next page begins. */
  readonly next?: string | undefined;
}

export interface LayerProgress {
  readonly digest: string;
  readonly pulledBytes: number;
  readonly flattenedBytes: number;
  readonly totalBytes: number;
  /** Whether the server had the layer already. */
  readonly cached: boolean;
}

export type BuildEvent =
  | { readonly kind: "queued"; readonly data: { readonly position?: number } }
  | { readonly kind: "state"; readonly data: { readonly state: BuildState } }
  | {
      readonly kind: "resolved";
      readonly data: {
        readonly digest: string;
        readonly platform: string;
        readonly layers: readonly { readonly digest: string; readonly size: number }[];
      };
    }
  | {
      readonly kind: "progress";
      readonly data: { readonly layers: readonly LayerProgress[]; readonly writtenBytes: number };
    }
  | { readonly kind: "stage"; readonly data: StageTime }
  | { readonly kind: "ready"; readonly data: unknown }
  | { readonly kind: "failed"; readonly data: { readonly problem: BuildProblem } }
  | { readonly kind: "cancelled"; readonly data: unknown };

export interface TreeEntry {
  readonly name: string;
  readonly type: string;
  /** Bytes of a file; of a directory, all that is below it where the server says so. */
  readonly size?: number | undefined;
  readonly target?: string | undefined;
}

export interface TreeLevel {
  readonly entries: readonly TreeEntry[];
  readonly next?: string | undefined;
}
