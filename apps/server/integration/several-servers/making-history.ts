import type { Client } from "pg";

/**
 * What PostgreSQL itself notes of the leases on keys, and of who takes builds up, whatever the servers say of it. The rows of `artifacts`
 * and `builds` only show how it stands.
 */
const witness = `
  CREATE SCHEMA witness;
  CREATE TABLE witness.leases (
    number bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp(), key text NOT NULL, owner text, state text);
  CREATE TABLE witness.attempts (
    number bigserial PRIMARY KEY, owner text NOT NULL, worker text NOT NULL);
  CREATE FUNCTION witness.lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN INSERT INTO witness.leases (key) VALUES (OLD.build_key);
    ELSE INSERT INTO witness.leases (key, owner, state) VALUES (NEW.build_key, NEW.lease_owner, NEW.state);
    END IF;
    RETURN NULL;
  END $$;
  CREATE FUNCTION witness.attempt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO witness.attempts (owner, worker) VALUES (NEW.id || ':' || NEW.attempts, NEW.worker);
    RETURN NULL;
  END $$;
  CREATE TRIGGER lease AFTER INSERT OR DELETE OR UPDATE OF state, lease_owner ON artifacts
    FOR EACH ROW EXECUTE FUNCTION witness.lease();
  CREATE TRIGGER attempt AFTER UPDATE OF attempts ON builds FOR EACH ROW EXECUTE FUNCTION witness.attempt();`;

/** Has the database note them from now on. */
export async function noteMakings(client: Client): Promise<void> {
  await client.query(witness);
}

/** A server's process that is no more, by the id of its store. */
export interface Kill {
  readonly serverId: string;
  /** The process had ended by then. */
  readonly at: Date;
}

/** One attempt of a build had a key. */
export interface Making {
  readonly key: string;
  /** `BUILD:ATTEMPT`. */
  readonly owner: string;
  readonly from: Date;
  readonly until: Date;
  readonly end: "ready" | "released" | "taken over" | "under way";
}

export async function readMakings(client: Client): Promise<readonly Making[]> {
  const { rows } = await client.query<{
    key: string;
    owner: string | null;
    state: "making" | "ready" | null;
    at: Date;
    next_at: Date | null;
    next_state: "making" | "ready" | null;
  }>(`
    SELECT key, owner, state, at, lead(at) OVER next AS next_at, lead(state) OVER next AS next_state
    FROM witness.leases WINDOW next AS (PARTITION BY key ORDER BY number) ORDER BY number`);
  return rows
    .filter(({ state }) => state === "making")
    .map(({ key, owner, at, next_at, next_state }) => ({
      key,
      owner: owner ?? "",
      from: at,
      until: next_at ?? new Date(),
      end:
        next_at === null
          ? "under way"
          : next_state === "ready"
            ? "ready"
            : next_state === "making"
              ? "taken over"
              : "released",
    }));
}

/**
 * What contradicts that each key was made once: a key that was made again after it was ready, one that was taken from a server that
 * lived, and work of a build at a time when it did not have its key.
 */
export async function wrongMakings(
  client: Client,
  makings: readonly Making[],
  kills: readonly Kill[],
): Promise<readonly string[]> {
  const workers = new Map(
    (
      await client.query<{ owner: string; worker: string }>("SELECT owner, worker FROM witness.attempts")
    ).rows.map(({ owner, worker }) => [owner, worker]),
  );
  const again = makings
    .filter(({ key, from }) =>
      makings.some((other) => other.key === key && other.end === "ready" && other.until <= from),
    )
    .map(({ key, owner }) => `${key} was ready, and ${owner} made it again`);
  // A process that is no more makes nothing: so two makings of a key overlap only if the earlier one's process lived.
  const overlaps = makings
    .filter(
      ({ owner, from, until, end }) =>
        end === "taken over" &&
        !kills.some(({ serverId, at }) => serverId === workers.get(owner) && at > from && at < until),
    )
    .map(({ key, owner }) => `${key} was taken from ${owner}, whose server lived`);
  const { rows: works } = await client.query<{ build: string; key: string; what: string; at: Date }>(`
    SELECT build_id AS build, build_key AS key, coalesce(data->>'state', data->>'stage') AS what, at
    FROM build_events JOIN builds ON builds.id = build_id
    WHERE kind = 'stage' OR (kind = 'state' AND data->>'state' IN ('pulling', 'flattening', 'writing', 'verifying'))`);
  const strays = works
    .filter(
      ({ build, key, at }) =>
        !makings.some(
          (making) =>
            making.key === key &&
            making.owner.startsWith(`${build}:`) &&
            making.from <= at &&
            at <= making.until,
        ),
    )
    .map(({ build, key, what }) => `${build} was at ${what} without the lease on ${key}`);
  return [...again, ...overlaps, ...strays];
}
