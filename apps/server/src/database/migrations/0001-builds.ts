import { sql, type Kysely } from "kysely";
import type { Migration } from "kysely/migration";

/** Builds, what happened to them, finished disks and tokens. */
export const builds: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`
      CREATE TABLE builds (
        id uuid PRIMARY KEY,
        request_key text NOT NULL,
        request jsonb NOT NULL,
        state text NOT NULL DEFAULT 'queued' CHECK (state IN
          ('queued', 'resolving', 'pulling', 'flattening', 'writing', 'verifying', 'ready', 'failed', 'cancelled')),
        token_id text,
        build_key text,
        manifest_digest text,
        server_id text,
        has_credentials boolean NOT NULL DEFAULT false,
        follows uuid REFERENCES builds ON DELETE SET NULL,
        attempts int NOT NULL DEFAULT 0,
        worker text,
        worker_until timestamptz,
        lost_workers int NOT NULL DEFAULT 0,
        event_count int NOT NULL DEFAULT 0,
        cancel_requested boolean NOT NULL DEFAULT false,
        problem jsonb,
        report jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        ended_at timestamptz
      )`.execute(db);
    // Equal requests join: of those that carry no credentials only one is under way.
    await sql`
      CREATE UNIQUE INDEX builds_joined ON builds (request_key)
      WHERE NOT has_credentials AND NOT cancel_requested AND state NOT IN ('ready', 'failed', 'cancelled')`.execute(
      db,
    );
    await sql`CREATE INDEX builds_ready ON builds (request_key, id) WHERE state = 'ready'`.execute(db);
    await sql`
      CREATE INDEX builds_unfinished ON builds (state, id)
      WHERE state NOT IN ('ready', 'failed', 'cancelled')`.execute(db);
    await sql`CREATE INDEX builds_follows ON builds (follows) WHERE follows IS NOT NULL`.execute(db);
    await sql`CREATE INDEX builds_of_key ON builds (build_key) WHERE build_key IS NOT NULL`.execute(db);
    await sql`CREATE INDEX builds_ended ON builds (ended_at) WHERE ended_at IS NOT NULL`.execute(db);
    await sql`
      CREATE TABLE build_events (
        build_id uuid NOT NULL REFERENCES builds ON DELETE CASCADE,
        sequence int NOT NULL,
        kind text NOT NULL,
        data jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (build_id, sequence)
      )`.execute(db);
    await sql`
      CREATE TABLE artifacts (
        build_key text PRIMARY KEY,
        state text NOT NULL CHECK (state IN ('making', 'ready')),
        lease_owner text,
        lease_until timestamptz,
        location text,
        format text CHECK (format IN ('ext4', 'squashfs')),
        bytes int8,
        data_bytes int8,
        sha256 text,
        data_regions jsonb,
        report jsonb,
        created_at timestamptz NOT NULL DEFAULT now(),
        used_at timestamptz NOT NULL DEFAULT now(),
        CHECK (state = 'making' OR (location IS NOT NULL AND bytes IS NOT NULL AND sha256 IS NOT NULL))
      )`.execute(db);
    await sql`CREATE INDEX artifacts_used ON artifacts (used_at)`.execute(db);
    await sql`
      CREATE TABLE tokens (
        id text PRIMARY KEY,
        name text NOT NULL,
        secret_sha256 text NOT NULL UNIQUE,
        scopes jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        revoked_at timestamptz,
        used_at timestamptz
      )`.execute(db);
    await sql`
      CREATE TABLE servers (
        id text PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT now()
      )`.execute(db);
  },
};
