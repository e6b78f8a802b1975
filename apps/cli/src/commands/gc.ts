import { collectGarbage, type GarbageReport } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import type { StoreFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
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

function gcSummary(
  { removed, removedLeavings, removedArtifacts, freedBytes, keptBlobs, keptBytes }: GarbageReport,
  dryRun: boolean,
): string {
  const blobs = removed.map(({ digest, size }) => [digest, formatBytes(size)]);
  const artifacts = removedArtifacts.map(({ key, bytes }) => [`disk ${key}`, formatBytes(bytes)]);
  const leavings = removedLeavings.map(({ path, size }) => [path, formatBytes(size)]);
  const verb = dryRun ? "would free" : "freed";
  return `${formatTable([...blobs, ...artifacts, ...leavings], [1])}${verb} ${formatBytes(freedBytes)} (${removed.length} blobs, ${removedArtifacts.length} finished disks, ${removedLeavings.length} leavings); ${keptBlobs} blobs of ${formatBytes(keptBytes)} stay\n`;
}
