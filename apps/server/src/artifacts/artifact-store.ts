/** A disk as a store is given it. */
export interface ArtifactToKeep {
  /** The build key: 64 lowercase hex digits. */
  readonly key: string;
  readonly format: ArtifactFormat;
  /** Length of the disk, holes included. */
  readonly bytes: number;
  /** Hex, of all those bytes. */
  readonly sha256: string;
  /** [offset, length] pairs in ascending order; all else is zero. */
  readonly dataRegions: readonly (readonly [offset: number, length: number])[];
}

export type ArtifactFormat = "ext4" | "squashfs";

/** A place on this machine for a disk that is being made. */
export interface StagedArtifact {
  /** Absolute; nothing is there yet. The directory is. */
  readonly path: string;
  /** Leaves no trace. Does nothing after `keep` or another `discard`. */
  discard(): Promise<void>;
}

export interface KeptArtifact {
  readonly location: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** Bytes from `start` up to but not including `end`, as `slice` has them: RFC 9110's `bytes=0-9` is { start: 0, end: 10 }. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Where finished disks lie. A location is what `keep` answered: a name in the store, without the store's own place, so that the place
 * may change.
 *
 * All throw {ServerError} ARTIFACT_STORE where the place does not answer or refuses, ARTIFACT_NOT_FOUND where it lacks the disk, and
 * {DurableFileError} for files of this machine.
 */
export interface ArtifactStore {
  stage(key: string, format: ArtifactFormat): Promise<StagedArtifact>;
  /** Makes the staged disk the key's, whole and durable, and answers its location; the staged file is gone then. Idempotent. */
  keep(staged: StagedArtifact, artifact: ArtifactToKeep, signal: AbortSignal): Promise<string>;
  open(location: string, range: ByteRange, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Where a disk is a file of this machine; it may be removed at any time. */
  readonly pathOf?: (location: string) => string;
  /** An address that a client may be sent to, where the store has such. */
  presign?(location: string, request: PresignRequest): Promise<string>;
  /** One that is not there is fine. */
  remove(location: string): Promise<void>;
  /** In no order, disks that are being made apart. */
  list(): AsyncIterable<KeptArtifact>;
  /** Whether disks can be kept here now; the time that it takes does not grow with their number. */
  check(): Promise<void>;
  /** Removes what servers left that were killed: staged files, parts of uploads. Answers how many. Done at the start too. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

export interface PresignRequest {
  readonly expiresSeconds: number;
  /** What the client is told to save it as. */
  readonly fileName: string;
}
