import { fetchDisk, formatPlatform, type FetchDiskResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf } from "../environment.ts";
import type { SourceFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { withProgress } from "../progress/with-progress.ts";
import { stagesJson, stagesTable } from "../stages.ts";
import { writeWarnings } from "../warnings.ts";

export interface FetchFlags extends SourceFlags {
  readonly output: string;
  readonly format?: "ext4" | "squashfs";
  readonly key?: string;
}

export async function fetch(this: CliContext, flags: FetchFlags, source: string): Promise<void> {
  const { output, platform, format, key } = flags;
  const result = await withProgress(this, flags.progress, (progress) =>
    fetchDisk({ source, output, platform, format, key }, environmentOf(flags, this, progress)),
  );
  writeWarnings(this, result.description);
  // As of a build's result, regions are left out of JSON.
  const json = { ...result, dataRegions: undefined, stages: stagesJson(result.stages) };
  this.process.stdout.write(flags.json ? `${JSON.stringify(json)}\n` : fetchSummary(result));
}

function fetchSummary({
  source,
  digest,
  output,
  description,
  downloadedBytes,
  stages,
}: FetchDiskResult): string {
  const { format, bytes, manifest, platform, guest } = description;
  const facts = [
    ["source", `${source} (${formatPlatform(platform)})`],
    ["digest", digest],
    ["image", manifest.digest],
    ["disk", `${output}: ${format}, ${formatBytes(bytes)}, of which ${formatBytes(downloadedBytes)} came`],
    ...(guest ? [["init", guest.initSystem]] : []),
    ...(guest && guest.kernelArguments.length > 0 ? [["kernel", guest.kernelArguments.join(" ")]] : []),
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
