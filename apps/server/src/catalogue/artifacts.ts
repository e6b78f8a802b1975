import { randomUUID } from "node:crypto";
import { isBootlayerError } from "@bootlayer/errors";
import { sql, type Kysely, type RawBuilder } from "kysely";
import type { ArtifactStore } from "../artifacts/artifact-store.ts";
import type { Database } from "../database/schema.ts";
import type { BuildReport } from "./build-report.ts";

/** A worker's hold on a build: what an earlier attempt writes is not taken. */
export interface BuildClaim {
  readonly buildId: string;
  readonly attempt: number;
}

/** A finished disk. */
export interface ReadyArtifact {
  readonly key: string;
  readonly location: string;
  readonly format: "ext4" | "squashfs";
  readonly bytes: number;
  readonly dataBytes: number;
  /** Hex. */
  readonly sha256: string;
  /** [offset, length] pairs in ascending order; all else is zero. */
  readonly dataRegions: readonly (readonly [offset: number, length: number])[];
  readonly report: BuildReport;
  readonly createdAt: Date;
  readonly usedAt: Date;
}

export type KeyClaim = Readonly<
  | { kind: "claimed" }
  | { kind: "ready"; artifact: ReadyArtifact }
  /** Another build makes it. */
  | { kind: "made-by"; buildId: string }
  /** It is being removed; ask again soon. */
  | { kind: "in-removal" }
>;

const removal = "remove:";

function ownerOf({ buildId, attempt }: BuildClaim): string {
  return `${buildId}:${attempt}`;
}

/** Takes the lease on a key, from an earlier attempt of the same build too, unless the disk is there or another has it. */
export async function claimKey(
  db: Kysely<Database>,
  key: string,
  claim: BuildClaim,
  leaseMilliseconds: number,
): Promise<KeyClaim> {
  const { rows } = await sql`
    INSERT INTO artifacts (build_key, state, lease_owner, lease_until)
    VALUES (${key}, 'making', ${ownerOf(claim)}, ${until(leaseMilliseconds)})
    ON CONFLICT (build_key) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
    WHERE artifacts.state = 'making'
      AND (artifacts.lease_until < now() OR split_part(artifacts.lease_owner, ':', 1) = ${claim.buildId})
    RETURNING build_key`.execute(db);
  if (rows.length > 0) return { kind: "claimed" };
  const artifact = await findArtifact(db, key);
  if (artifact !== undefined) {
    await touchArtifact(db, key);
    return { kind: "ready", artifact };
  }
  const row = await db
    .selectFrom("artifacts")
    .select("lease_owner")
    .where("build_key", "=", key)
    .executeTakeFirst();
  const owner = row?.lease_owner ?? removal;
  return owner.startsWith(removal)
    ? { kind: "in-removal" }
    : { kind: "made-by", buildId: owner.split(":")[0] ?? "" };
}

/** Answers whether the lease was still this attempt's. */
export async function renewKey(
  db: Kysely<Database>,
  key: string,
  claim: BuildClaim,
  leaseMilliseconds: number,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("artifacts")
    .set({ lease_until: until(leaseMilliseconds) })
    .where("build_key", "=", key)
    .where("state", "=", "making")
    .where("lease_owner", "=", ownerOf(claim))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** Gives up a key whose disk was not made. */
export async function releaseKey(db: Kysely<Database>, key: string, claim: BuildClaim): Promise<void> {
  await db
    .deleteFrom("artifacts")
    .where("build_key", "=", key)
    .where("state", "=", "making")
    .where("lease_owner", "=", ownerOf(claim))
    .execute();
}

/** Writes that the disk is there, if the lease is still this attempt's: answers whether it was. */
export async function markReady(
  transaction: Kysely<Database>,
  claim: BuildClaim,
  { key, location, format, bytes, dataBytes, sha256, dataRegions, report }: NewArtifact,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("artifacts")
    .set({
      state: "ready",
      lease_owner: null,
      lease_until: null,
      location,
      format,
      bytes,
      data_bytes: dataBytes,
      sha256,
      data_regions: JSON.stringify(dataRegions),
      report: JSON.stringify(report),
      used_at: sql<Date>`now()`,
    })
    .where("build_key", "=", key)
    .where("state", "=", "making")
    .where("lease_owner", "=", ownerOf(claim))
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

export type NewArtifact = Omit<ReadyArtifact, "createdAt" | "usedAt">;

export async function findArtifact(db: Kysely<Database>, key: string): Promise<ReadyArtifact | undefined> {
  const row = await db
    .selectFrom("artifacts")
    .selectAll()
    .where("build_key", "=", key)
    .where("state", "=", "ready")
    .executeTakeFirst();
  if (!row || row.location === null || row.format === null || row.bytes === null || row.sha256 === null)
    return undefined;
  return {
    key,
    location: row.location,
    format: row.format,
    bytes: row.bytes,
    dataBytes: row.data_bytes ?? row.bytes,
    sha256: row.sha256,
    dataRegions: row.data_regions ?? [[0, row.bytes]],
    report: row.report as BuildReport,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}

/** Says that it was asked for now: retention looks at that. */
export async function touchArtifact(db: Kysely<Database>, key: string): Promise<void> {
  await db
    .updateTable("artifacts")
    .set({ used_at: sql<Date>`now()` })
    .where("build_key", "=", key)
    .execute();
}

/**
 * Removes a disk and what is known of it; nobody makes it anew meanwhile. Answers whether it was there. One that is being made is
 * left alone.
 */
export async function removeArtifact(
  db: Kysely<Database>,
  store: Pick<ArtifactStore, "remove">,
  key: string,
): Promise<boolean> {
  const owner = `${removal}${randomUUID()}`;
  const { rows } = await sql<{ location: string | null }>`
    UPDATE artifacts SET state = 'making', lease_owner = ${owner}, lease_until = ${until(60_000)}
    WHERE build_key = ${key}
      AND (state = 'ready' OR (lease_until < now() AND starts_with(lease_owner, ${removal})))
    RETURNING location`.execute(db);
  const [row] = rows;
  if (row === undefined) return false;
  if (row.location !== null) await store.remove(row.location);
  await db
    .deleteFrom("artifacts")
    .where("build_key", "=", key)
    .where("state", "=", "making")
    .where("lease_owner", "=", owner)
    .execute();
  return true;
}

/**
 * What `work` has of a disk. One that is not where the catalogue has it, as after a restored backup, is forgotten: whoever asks for it again
 * has it made again.
 */
export async function withDisk<Result>(
  db: Kysely<Database>,
  store: Pick<ArtifactStore, "remove">,
  key: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isBootlayerError(error) && error.code === "ARTIFACT_NOT_FOUND") await removeArtifact(db, store, key);
    throw error;
  }
}

/** By the database's clock, which all servers share. */
export function until(milliseconds: number): RawBuilder<Date> {
  return sql<Date>`now() + ${milliseconds} * interval '1 millisecond'`;
}
