import type { Digest } from "@bootlayer/image-spec";
import type { RegistryErrorCode } from "./errors.ts";

/** What a registry client reports while it works. Nothing in it is secret. */
export type RegistryEvent = Readonly<
  /** `bytes` counts from the blob's start, with what was there before. */
  | { kind: "blob-bytes"; digest: Digest; bytes: number; totalBytes: number }
  /** A download broke and goes on at `bytes`. */
  | { kind: "blob-resumed"; digest: Digest; bytes: number; totalBytes: number }
  /** `bytes` of a blob are on their way to the registry; fewer than before when an upload has to go back. */
  | { kind: "blob-upload-bytes"; digest: Digest; bytes: number; totalBytes: number }
  /** An attempt failed with `code`; the next one follows after `delayMilliseconds`. */
  | { kind: "registry-retry"; subject: string; code: RegistryErrorCode; delayMilliseconds: number }
  /** Which host answered, where a repository has mirrors. */
  | { kind: "registry-served"; subject: string; host: string; isMirror: boolean }
  /** A mirror failed with `code`: the next one is asked, or the registry itself. */
  | { kind: "mirror-failed"; subject: string; host: string; code: string }
  /** A registry's `Warning: 299` (distribution-spec "Warnings"), once for each text. */
  | { kind: "registry-warning"; registry: string; text: string }
>;
