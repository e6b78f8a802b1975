import { collectGarbage, type GarbageReport } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import type { StoreFlags } from "../flags.ts";
import { formatBytes, formatCount, formatTable } from "../format.ts";
import { storeDirectory } from "../store-directory.ts";

export interface GcFlags extends StoreFlags {
  readonly dryRun: boolean;
  /** Milliseconds. */
  readonly grace?: number;
}

export async function gc(this: CliContext, flags: GcFlags): Promise<void> {
  const { dryRun, grace: graceMilliseconds } = flags;
  const report = await collectGarbage(
    { dryRun, graceMilliseconds },
    { store: storeDirectory(flags.store, this.process.env), signal: this.signal },
  );
  this.process.stdout.write(
    flags.json ? `${JSON.stringify({ dryRun, ...report })}\n` : gcSummary(report, dryRun),
  );
}

function gcSummary(report: GarbageReport, dryRun: boolean): string {
  const { removed, removedLeavings, removedArtifacts, freedBytes } = report;
  const { keptBlobs, keptBytes, youngBlobs, youngBytes } = report;
  const blobs = removed.map(({ digest, size }) => [digest, formatBytes(size)]);
  const artifacts = removedArtifacts.map(({ key, bytes }) => [`disk ${key}`, formatBytes(bytes)]);
  const leavings = removedLeavings.map(({ path, size }) => [path, formatBytes(size)]);
  const what = [
    formatCount(removed.length, "blob"),
    formatCount(removedArtifacts.length, "finished disk"),
    formatCount(removedLeavings.length, "leaving"),
  ].join(", ");
  const verb = dryRun ? "would free" : "freed";
  const kept = `${formatCount(keptBlobs, "blob")} of ${formatBytes(keptBytes)}`;
  const young =
    youngBlobs === 0 ? "" : `, of which ${formatBytes(youngBytes)} only until they are older than --grace`;
  return `${formatTable([...blobs, ...artifacts, ...leavings], [1])}${verb} ${formatBytes(freedBytes)} (${what}); kept ${kept}${young}\n`;
}
