import type { RegistrySettings } from "@bootlayer/image-builder";

/** Everything that a server is started with; `parseSettings` makes it of flags and environment. */
export interface ServerSettings {
  readonly listen: { readonly host: string; /** 0: any that is free. */ readonly port: number };
  /** The one directory of all state: blobs, finished disks, the embedded database, uploads under way. */
  readonly store: string;
  /** A PostgreSQL that several servers share; absent: the embedded one, in `store`. */
  readonly databaseUrl: string | undefined;
  readonly artifacts: ArtifactSettings;
  /** Builds that this server runs at once. */
  readonly concurrency: number;
  /** How long builds that run may go on when the server is told to end; then they are left to the next start, or to another server. */
  readonly drainSeconds: number;
  readonly access: AccessSettings;
  readonly limits: LimitSettings;
  /** Addresses (`host[:port]`) under which images are pushed here and found without a request, beside the one listened on. */
  readonly ownNames: readonly string[];
  /** Whether an image is built as soon as it has been pushed here, with default options. */
  readonly buildOnPush: boolean;
  /**
   * Repositories, and registries (`HOST` or `HOST/PATH`), whose finished disks are taken in place of building: that such a disk is what
   * a build would make is the word of whoever can push there.
   */
  readonly fetchDisks: readonly string[];
  readonly retention: RetentionSettings;
  readonly registries: Partial<RegistrySettings>;
  readonly log: { readonly level: "debug" | "info" | "warn" | "error" | "silent" };
}

export type ArtifactSettings =
  | {
      readonly kind: "local";
      /** Default: `artifacts` in the store. Servers that share a database share it too. */
      readonly directory?: string | undefined;
    }
  | {
      readonly kind: "s3";
      readonly endpoint: string | undefined;
      readonly region: string;
      readonly bucket: string;
      /** In front of every object's key; ends with `/` or is empty. */
      readonly prefix: string;
      readonly pathStyle: boolean;
    };

export interface AccessSettings {
  /** Whether requests carry tokens. Only a server that listens on loopback may go without. */
  readonly tokens: boolean;
  /** Whether sources may be on loopback, link-local and private addresses. */
  readonly privateSources: boolean;
}

export interface LimitSettings {
  /** Bytes of a request's body, uploads to the registry face apart. */
  readonly bodyBytes: number;
  /** Requests a minute of one token, or of one address where there are no tokens. */
  readonly requestsPerMinute: number;
  /** Builds of one token that are queued or run at once. */
  readonly buildsPerToken: number;
  /** Bytes that `store` may hold; absent: all but a reserve of the file system. */
  readonly diskBytes: number | undefined;
}

export interface RetentionSettings {
  /** Finished disks that nobody asked for in so many seconds go; absent: they stay. */
  readonly unusedSeconds: number | undefined;
  /** Finished disks beyond so many bytes go, the one longest unused first; absent: they stay. */
  readonly totalBytes: number | undefined;
  /** Images that were pulled go when no build of the last so many seconds was of them; 0: as soon as their builds have ended. */
  readonly imageSeconds: number;
  /** Rows of builds that ended so many seconds ago go. */
  readonly historySeconds: number;
}
