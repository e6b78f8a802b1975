import type { ColumnType, Generated } from "kysely";
import type { BuildRequestBody } from "../catalogue/build-request.ts";
import type { BuildProblem, BuildState } from "../catalogue/build.ts";

/** The tables, as Kysely sees them. Times are `timestamptz`; sizes are `int8` and come as numbers (see open-database.ts). */
export interface Database {
  builds: BuildTable;
  build_events: BuildEventTable;
  artifacts: ArtifactTable;
  tokens: TokenTable;
  servers: ServerTable;
}

/** A build that somebody asked for. */
export interface BuildTable {
  /** A UUID of version 7: rows sort by the time of asking. */
  id: string;
  /** Names source and options as they were asked for: equal requests join while one is under way. Hex. */
  request_key: string;
  request: ColumnType<BuildRequestBody, string, string>;
  state: BuildState;
  /** Token that asked; null where there are none. */
  token_id: string | null;
  /** Of the build (image-builder's build key), once the source is resolved. */
  build_key: string | null;
  manifest_digest: string | null;
  /** The server that must run it, since the registry's credentials or the image are there alone; null: any. */
  server_id: string | null;
  /** Whether it was asked for with a registry's credentials: then nobody joins it before it is ready. */
  has_credentials: Generated<boolean>;
  /** The build of the same key that this one waits for. */
  follows: string | null;
  /** How often a worker has taken it up: what an earlier one writes later is not taken. */
  attempts: Generated<number>;
  /** The server that works on it; null once it has ended or been given back. */
  worker: string | null;
  /** Until when nobody else may; the worker renews it. */
  worker_until: Date | null;
  /** Workers that took it up and neither ended it nor gave it back. */
  lost_workers: Generated<number>;
  /** The sequence number of its latest event. */
  event_count: Generated<number>;
  cancel_requested: Generated<boolean>;
  problem: ColumnType<BuildProblem | null, string | null, string | null>;
  /** What image-builder's result says of it: stages, layers, guest, warnings. */
  report: ColumnType<unknown, string | null, string | null>;
  created_at: Generated<Date>;
  started_at: Date | null;
  ended_at: Date | null;
}

/** What happened to a build, for those who watch it. */
export interface BuildEventTable {
  build_id: string;
  /** From 1, growing within a build: the id of the server-sent event. */
  sequence: number;
  kind: string;
  data: ColumnType<unknown, string, string>;
  at: Generated<Date>;
}

/** A finished disk, or one that a worker is making: the row is the lease on the key. */
export interface ArtifactTable {
  build_key: string;
  state: "making" | "ready";
  /** Who makes (or removes) it, as `artifact-leases.ts` writes it, and until when nobody else may. */
  lease_owner: string | null;
  lease_until: Date | null;
  /** Where the bytes lie, as the artifact store wrote it. */
  location: string | null;
  format: "ext4" | "squashfs" | null;
  bytes: number | null;
  data_bytes: number | null;
  /** Hex: of the whole disk, holes included; the entity tag. */
  sha256: string | null;
  /** [offset, length] pairs; all else is zero. */
  data_regions: ColumnType<readonly (readonly [number, number])[] | null, string | null, string | null>;
  /** What image-builder said of it (`BuildReport`). */
  report: ColumnType<unknown, string | null, string | null>;
  created_at: Generated<Date>;
  used_at: Generated<Date>;
}

export interface TokenTable {
  id: string;
  name: string;
  /** SHA-256 of the secret, hex: the secret has 256 bits of chance, so nothing slower is needed. */
  secret_sha256: string;
  scopes: ColumnType<readonly string[], string, string>;
  created_at: Generated<Date>;
  expires_at: Date | null;
  revoked_at: Date | null;
  used_at: Date | null;
}

/** Servers that work on this database. */
export interface ServerTable {
  id: string;
  seen_at: Generated<Date>;
}
