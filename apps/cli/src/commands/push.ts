import { formatPlatform, pushImage, type PushResult } from "@bootlayer/image-builder";
import type { CliContext } from "../context.ts";
import { environmentOf, type SourceFlags } from "../flags.ts";
import { formatBytes, formatTable } from "../format.ts";
import { progressWriter } from "../progress/progress-writer.ts";
import { stagesJson, stagesTable } from "../stages.ts";

export async function push(
  this: CliContext,
  flags: SourceFlags,
  source: string,
  target: string,
): Promise<void> {
  const progress = progressWriter(flags.progress, this.process.stderr);
  try {
    const { platform } = flags;
    const result = await pushImage({ source, target, platform }, environmentOf(flags, this, progress));
    progress.close();
    this.process.stdout.write(flags.json ? `${JSON.stringify(pushJson(result))}\n` : pushSummary(result));
  } finally {
    progress.close();
  }
}

function pushJson(result: PushResult): object {
  return { ...result, platforms: result.platforms.map(formatPlatform), stages: stagesJson(result.stages) };
}

function pushSummary({ target, digest, platforms, blobs, uploadedBytes, stages }: PushResult): string {
  const count = (wanted: string): number => blobs.filter(({ how }) => how === wanted).length;
  const facts = [
    ["image", `${target} (${platforms.map(formatPlatform).join(", ") || "no platform"})`],
    ["digest", digest],
    ["pushed", `${formatBytes(uploadedBytes)} in ${count("uploaded")} of ${blobs.length} blobs`],
    ["spared", `${count("present")} blobs were in the registry, ${count("mounted")} were mounted`],
  ];
  return `${formatTable(facts)}${stagesTable(stages)}`;
}
