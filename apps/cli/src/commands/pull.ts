import { pullImage, type PullResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf } from "../environment.ts";
import type { SourceFlags } from "../flags.ts";
import { formatBytes, formatCount, formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";
import { stagesTable } from "../stages.ts";
import { transferJson, transferredImage } from "../transfer.ts";

export interface PullFlags extends SourceFlags {
  readonly allPlatforms: boolean;
}

export async function pull(this: CliContext, flags: PullFlags, source: string): Promise<void> {
  const { platform, allPlatforms } = flags;
  const result = await withProgress(this, flags.progress, (progress) =>
    pullImage({ source, platform, allPlatforms }, environmentOf(flags, this, progress)),
  );
  this.process.stdout.write(flags.json ? `${JSON.stringify(transferJson(result))}\n` : pullSummary(result));
}

function pullSummary({ name, digest, platforms, bytes, downloadedBytes, blobs, stages }: PullResult): string {
  const cached = blobs.filter((blob) => blob.cached).length;
  const facts = [
    ["image", transferredImage(name, platforms)],
    ["digest", digest],
    ["size", `${formatBytes(bytes)} in ${formatCount(blobs.length, "blob")}`],
    ["pulled", `${formatBytes(downloadedBytes)}; the store had ${formatCount(cached, "blob")}`],
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
