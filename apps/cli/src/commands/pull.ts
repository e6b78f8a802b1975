import { formatPlatform, pullImage, type PullResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf, type SourceFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { progressWriter } from "../progress/progress-writer.ts";
import { stagesJson, stagesTable } from "../stages.ts";

export interface PullFlags extends SourceFlags {
  readonly allPlatforms: boolean;
}

export async function pull(this: CliContext, flags: PullFlags, source: string): Promise<void> {
  const progress = progressWriter(flags.progress, this.process.stderr);
  try {
    const { platform, allPlatforms } = flags;
    const result = await pullImage({ source, platform, allPlatforms }, environmentOf(flags, this, progress));
    progress.close();
    this.process.stdout.write(flags.json ? `${JSON.stringify(pullJson(result))}\n` : pullSummary(result));
  } finally {
    progress.close();
  }
}

function pullJson(result: PullResult): object {
  return { ...result, platforms: result.platforms.map(formatPlatform), stages: stagesJson(result.stages) };
}

function pullSummary({ name, digest, platforms, bytes, downloadedBytes, blobs, stages }: PullResult): string {
  const cached = blobs.filter((blob) => blob.cached).length;
  const facts = [
    ["image", `${name} (${platforms.map(formatPlatform).join(", ") || "no platform"})`],
    ["digest", digest],
    ["size", `${formatBytes(bytes)} in ${blobs.length} blobs`],
    ["pulled", `${formatBytes(downloadedBytes)}; ${cached} blobs were in the store`],
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
